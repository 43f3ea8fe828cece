"""The two charts of a threshold lab, as SVG in HTML: they change with every move of the slider, and are small."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from opom_edu.lessons.pairs import PairModel
from opom_edu.plots.style import COLORS, GRAY

GENUINE, IMPOSTOR = COLORS[1], COLORS[4]
EDGES = np.linspace(-0.5, 1, 76)  # cosines; what lies outside counts at the border
WIDTH, HEIGHT, FLOOR = 395, 240, 200  # of the histogram, pixels; where its bars stand
LOWEST = 0.8  # true-accept rate that is drawn: good recognizers differ above it


def histogram(pairs: PairModel, threshold: float) -> str:
    """Genuine and impostor similarities as bars, the threshold as a line; SVG in HTML."""

    def across(similarity: float) -> float:
        return (similarity - EDGES[0]) / (EDGES[-1] - EDGES[0]) * (WIDTH - 20) + 10

    parts, step = [], across(EDGES[1]) - across(EDGES[0])
    for shares, color in zip(pairs.histogram(EDGES), (GENUINE, IMPOSTOR), strict=True):
        tall = shares / shares.max() * (FLOOR - 52)
        bars = [
            f'<rect x="{across(edge):.1f}" y="{FLOOR - high:.1f}" width="{step:.1f}" height="{high:.1f}"/>'
            for edge, high in zip(EDGES, tall, strict=False)
            if high > 0
        ]
        parts.append(f'<g fill="{color}" fill-opacity=".6">{"".join(bars)}</g>')
    ticks = [f'<text x="{across(at):.0f}" y="{FLOOR + 15}">{at:g}</text>' for at in (-0.5, 0, 0.5, 1)]
    line = across(threshold)
    parts += [
        f'<path d="M10 {FLOOR}H{WIDTH - 10}" stroke="currentColor"/>', *ticks,
        f'<text x="{WIDTH / 2}" y="{FLOOR + 34}">similarity of two photos; each kind of bar scaled to its tallest</text>',
        f'<path d="M{line:.1f} 20V{FLOOR + 3}" stroke="currentColor" stroke-width="3"/>',
        f'<text x="{min(max(line, 85), WIDTH - 85):.1f}" y="14">no match ◂ {threshold:.3f} ▸ match</text>',
        f'<text x="10" y="40" style="fill:{IMPOSTOR};text-anchor:start;font-weight:600">two people (impostor)</text>',
        f'<text x="{WIDTH - 10}" y="40" style="fill:{GENUINE};text-anchor:end;font-weight:600">one person (genuine)</text>',
    ]  # fmt: skip
    return _svg(
        WIDTH, HEIGHT, parts, f"Similarities of pairs of one person and of two people, and the threshold {threshold:.3f}"
    )


def roc_chart(known: dict[str, PairModel], chosen: str, counts: dict[str, int]) -> str:
    """The ROC of the chosen recognizer with the threshold's point, those of others in gray; SVG in HTML."""
    width, left, right = 295, 62, 20
    least = 10 ** np.floor(np.log10(1 / counts["impostor"]))

    def place(fmr: float, tar: float) -> tuple[float, float]:
        across = 1 - np.log10(max(fmr, least)) / np.log10(least)
        high = max(tar - LOWEST, 0) / (1 - LOWEST)
        return left + across * (width - left - right), FLOOR - high * (FLOOR - 24)

    parts = []
    for name, pairs in sorted(known.items(), key=lambda item: item[0] == chosen):
        rates = pairs.curve[["fmr", "tar"]].to_numpy().tolist()
        points = " ".join("{:.1f},{:.1f}".format(*place(fmr, tar)) for fmr, tar in rates)
        look = f'stroke="{GENUINE}" stroke-width="2.5"' if name == chosen else f'stroke="{GRAY}" stroke-width="1.5"'
        parts.append(f'<polyline points="{points}" fill="none" {look}><title>{escape(name)}</title></polyline>')
    for power in range(0, int(np.log10(least)) - 1, -2):
        parts.append(f'<text x="{place(10.0**power, 0)[0]:.0f}" y="{FLOOR + 15}">{100 * 10.0**power:g} %</text>')
    for share, words in ((LOWEST, f"≤ {LOWEST:.0%}"), (0.9, "90%"), (1, "100%")):
        parts.append(f'<text x="{left - 6}" y="{place(1, share)[1] + 4:.0f}" style="text-anchor:end">{words}</text>')
    x, y = place(counts["matched"] / counts["impostor"], counts["accepted"] / counts["genuine"])
    parts += [
        f'<path d="M{left} {FLOOR}H{width - right}M{left} {FLOOR}V24" stroke="currentColor" fill="none"/>',
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="7" fill="{IMPOSTOR}" stroke="currentColor" stroke-width="2"/>',
        f'<text x="{width / 2}" y="{FLOOR + 34}">false-match rate (0 is at the left)</text>',
        '<text x="8" y="14" style="text-anchor:start">true-accept rate; gray: others seen</text>',
    ]
    return _svg(width, HEIGHT, parts, f"Receiver operating characteristic of {chosen}")


def _svg(width: int, height: int, parts: Sequence[str], told: str) -> str:
    style = "font:12px sans-serif;color:var(--jp-content-font-color1,#000)"
    return (
        f'<svg width="{width}" height="{height}" role="img" aria-label="{escape(told)}" style="{style}">'
        f'<g text-anchor="middle" fill="currentColor">{"".join(parts)}</g></svg>'
    )
