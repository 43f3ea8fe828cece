"""The comparison as one HTML file that needs nothing else: table, chart, and every person before and after."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import pandas as pd

from opom_edu.evaluation.identification import RANKS
from opom_edu.experiments.comparison import Comparison
from opom_edu.faces import quantize
from opom_edu.faces.images import magnification, png
from opom_edu.pages import write_page
from opom_edu.plots import UNLEARNED, psr_bars


def rates_by_method(comparison: Comparison, rank: int = 1) -> pd.DataFrame:
    """The table one shows: a row per method, unprotected first; a column per recognizer, PSR at ``rank`` in percent.

    Example:
        >>> from opom_edu.experiments import compare
        >>> found = compare(people, surrogate, [black_box], [OPOM(surrogate, steps=2)])
        >>> rates_by_method(found).index.tolist()
        ['unprotected', 'OPOM convex']
    """
    table = comparison.rates
    order = table["recognizer"].unique()
    rows = table.pivot(index="method", columns="recognizer", values=f"psr_{rank}").loc[table["method"].unique(), order]
    first = table.groupby("recognizer")[f"unprotected_{rank}"].first()[order].rename("unprotected")
    return pd.concat([first.to_frame().T, rows])


def findings(comparison: Comparison) -> list[str]:
    """What to notice, one sentence per recognizer, put together from the figures themselves."""
    sentences = []
    table, levels = rates_by_method(comparison), f"±{comparison.eps * 255:g}"
    for recognizer in (comparison.surrogate, *comparison.targets):
        column = table[recognizer.name]
        learned = column.drop(list(UNLEARNED), errors="ignore")
        if learned.empty:
            continue
        white = recognizer.name in comparison.white_boxes
        kind = "white box: the masks were learned on its network" if white else "black box"
        noise = f"with random noise of {levels} levels {column['random noise']:.1f} %, " if "random noise" in column else ""
        best = f"with the best masks, {learned.idxmax()}, in {learned.max():.1f} %"
        if learned.max() <= column.drop(learned.index).max():
            best = f"and no learned mask does better ({learned.max():.1f} %)"
        sentences.append(
            f"{recognizer.name} ({kind}) misses the person in {column['unprotected']:.1f} % of queries without a mask, "
            f"{noise}{best}."
        )
    return sentences


def write_report(comparison: Comparison, path: str | Path, *, title: str = "One person, one mask") -> Path:
    """Write the report to ``path``, whole or not at all; names are escaped, photos and chart are inside the file.

    Example:
        >>> from opom_edu.experiments import compare
        >>> found = compare(people, surrogate, [black_box], [OPOM(surrogate, steps=2)])
        >>> write_report(found, folder / "report.html").name
        'report.html'
    """
    chart = io.StringIO()
    psr_bars(rates_by_method(comparison), white_box=comparison.white_boxes).savefig(chart, format="svg")
    shown = next((method for method in reversed(list(comparison.masks)) if method not in UNLEARNED), "random noise")
    write_page(
        path,
        "experiments/report.html",
        title=title,
        comparison=comparison,
        levels=comparison.eps * 255,
        ranks=[rank for rank in RANKS if f"psr_{rank}" in comparison.rates],
        recipe=next(iter(comparison.masks[shown].values())).recipe,
        recognizers=[comparison.surrogate, *comparison.targets],
        rates={(r["recognizer"], r["method"]): r for r in comparison.rates.to_dict("records")},
        findings=findings(comparison),
        chart=base64.b64encode(chart.getvalue().encode()).decode(),
        shown=shown,
        magnification=magnification(comparison.eps),
        people=[_person(comparison, shown, name) for name in comparison.people],
    )
    return Path(path)


def _person(comparison: Comparison, method: str, name: str) -> dict[str, Any]:
    mask = comparison.masks[method][name]
    photo = comparison.people[name].test[:1]
    masked = mask.apply(photo)
    similar = comparison.similarity.query("method == @method and person == @name").set_index("recognizer")
    return {
        "name": name,
        "photo": png(photo[0]),
        "mask": png((0.5 + (masked - photo)[0] * magnification(mask.eps)).clamp(0, 1)),
        "masked": png(quantize(masked)[0]),
        "similarity": similar[["unprotected", "protected"]].to_dict("index"),
    }
