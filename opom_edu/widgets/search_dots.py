"""A thousand searches as dots: how many find the right person, and how many of the alarms are wrong."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import traitlets

from opom_edu.plots.dots import outcome_dots
from opom_edu.widgets.html import drawing
from opom_edu.widgets.in_page import InPage

HERE = Path(__file__).parent
RANGES = {"gallery": (1, 10_000_000), "rate": (0.0, 0.5), "share": (0.0, 1.0), "hit": (0.0, 1.0)}


def search_dots(*, gallery: int = 10_000, rate: float = 1e-4, share: float = 0.05, hit: float = 0.95) -> SearchDots:
    """See what a rate that is stated per pair does to whole searches. Computed in the page, without a kernel.

    Mouse: the sliders. Keyboard: Tab to a slider, arrow keys (with Shift: finer).

    Args:
        gallery: people who are enrolled, from 1 to ten million.
        rate: the false-match rate of a pair of strangers, from 0 to 0.5.
        share: of the people who are looked for, who are enrolled, from 0 to 1.
        hit: of these, whose own photo is above the threshold, from 0 to 1.

    Raises:
        ValueError: outside of these ranges.

    Example:
        >>> dots = search_dots(gallery=1000, rate=1e-3, share=0.05, hit=0.95)
        >>> dots.outcomes()["wrong"] > dots.outcomes()["right"]
        True
        >>> dots.close()
    """
    return SearchDots(gallery=gallery, rate=rate, share=share, hit=hit)


class SearchDots(InPage):
    """See :func:`search_dots`.

    Attributes:
        gallery, rate, share, hit: what is shown; set them, and the page follows.

    Example:
        >>> SearchDots().close()
    """

    _esm = HERE / "search_dots.js"
    _css = HERE / "search_dots.css"
    gallery = traitlets.Int(10_000).tag(sync=True)
    rate = traitlets.Float(1e-4).tag(sync=True)
    share = traitlets.Float(0.05).tag(sync=True)
    hit = traitlets.Float(0.95).tag(sync=True)

    @traitlets.validate("gallery", "rate", "share", "hit")
    def _check(self, proposal: Any) -> Any:
        name, value = proposal["trait"].name, proposal["value"]
        low, high = RANGES[name]
        if not (math.isfinite(value) and low <= value <= high):
            raise ValueError(f"{name} must be within {low} and {high}, got {value}")
        return value

    def outcomes(self) -> dict[str, float]:
        """The share of searches that end in each way: what the page should agree with.

        ``right``: the person is found; ``wrong``: somebody else is; ``missed``: the person is there, nobody is found;
        ``quiet``: the person is not there, nobody is found.
        """
        one, none = 1 - (1 - self.rate) ** (self.gallery - 1), 1 - (1 - self.rate) ** self.gallery
        missed = self.share * (1 - self.hit)
        return {
            "right": self.share * self.hit, "wrong": missed * one + (1 - self.share) * none, "missed": missed * (1 - one),
            "quiet": (1 - self.share) * (1 - none),
        }  # fmt: skip

    def still(self) -> str:
        """The dots as HTML without a kernel."""
        shares = self.outcomes()
        told = ", ".join(f"{name} {100 * share:.1f} %" for name, share in shares.items())
        return drawing(outcome_dots(shares), f"A thousand searches among {self.gallery:,} people: {told}")
