"""Every figure has a text, letters that can be read, a shape besides each color, and the colors of the page."""

import re

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.text import Text

from opom_edu.plots import (
    cost_curves,
    curves,
    distance_strips,
    heat_maps,
    hull_panels,
    marked_photo,
    over_time,
    photo_row,
    psr_bars,
    sweep,
)  # fmt: skip
from opom_edu.plots.style import Chart
from tests.plots.test_sweeps import TABLE

NAME = "<b>$x"
POINTS = np.array([[0.0, 0], [1, 0], [0, 1]])
RATES = pd.DataFrame({f"box-{i}": [1.0, 60.0] for i in range(7)}, index=["unprotected", NAME])
FIGURES = {
    "curves": curves([0, 1], {NAME: [0, 50]}, title=NAME, x_label="step", y_label="%", bands={NAME: ([0, 40], [1, 60])}),
    "over time": over_time([0, 1], {NAME: [0.9, 0.2]}, title=NAME, y_label="similarity", limits=(0, 1)),
    "heat": heat_maps({NAME: RATES, "b": RATES}, title="PSR, %"),
    "panels": hull_panels(POINTS, np.array([1.0, 1]), dict.fromkeys("abcd", POINTS), dict.fromkeys("abcd", POINTS[0])),
    "strips": distance_strips({NAME: np.array([0.1, 0.2])}, {NAME: np.array([0.9, 0.8])}),
    "photos": photo_row(torch.rand(10, 3, 112, 112), [NAME] * 10),
    "marked": marked_photo(np.zeros((90, 90, 3), np.uint8), np.array([[30, 40]]), POINTS, title=NAME),
    "bars": psr_bars(RATES),
    "sweep": sweep(TABLE, "severity", panel="transformation", x_label="unit", title=NAME),
    "cases": sweep(TABLE.assign(case=["own", NAME] * 4), "case", title=NAME),
    "cost": cost_curves(TABLE.assign(levels=8, visible=0.5), "visible", title=NAME, x_label="visible"),
}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_an_svg_with_a_text_and_letters_that_can_be_read(name: str) -> None:
    figure = FIGURES[name]
    assert isinstance(figure, Chart)
    html = figure._repr_html_()
    assert html.startswith('<svg role="img" aria-label="')
    assert len(figure.alt) > 10
    assert "<b>" not in html
    assert "<style" not in html  # it would hold for the page
    assert "#000000" not in html or name == "marked"
    assert figure.get_figwidth() <= 7.4
    sizes = [text.get_fontsize() for text in figure.findobj(Text) if text.get_text().strip() and text.get_visible()]
    assert min(sizes, default=11) >= 8.5
    assert min(map(float, re.findall(r"font-size: ([\d.]+)px", html)), default=11) >= 8.5


def test_the_text_tells_the_data() -> None:
    assert f"{NAME}: 0 at 0, 50 at 1" in FIGURES["curves"].alt
    assert f"{NAME} 60 %" in FIGURES["bars"].alt
    assert f"{NAME} 60 %" in FIGURES["heat"].alt
    assert f"{NAME} 0.15 and 0.85" in FIGURES["strips"].alt
    assert "OPOM: 70 at 90, 30 at 30" in FIGURES["sweep"].alt
