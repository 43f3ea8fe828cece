"""Figures of sweeps: every panel has its baselines, its units and the sentence that states the result."""

import pandas as pd
import pytest

from opom_edu.plots import cost_curves, sweep

TABLE = pd.DataFrame(
    {
        "transformation": ["JPEG"] * 4 + ["blur"] * 4,
        "unit": ["quality"] * 4 + ["pixels"] * 4,
        "severity": [90.0, 90, 30, 30, 0, 0, 2, 2],
        "method": "OPOM",
        "recognizer": ["a", "b"] * 4,
        "psr_1": [80.0, 60, 40, 20, 90, 70, 50, 30],
        "unprotected_1": 1.0,
        "noise_1": 2.0,
    }
)


def test_a_panel_for_each_transformation_with_both_baselines() -> None:
    figure = sweep(TABLE, "severity", panel="transformation", x_label="unit", title="It falls.")
    jpeg, blur = figure.axes
    assert [axes.get_xlabel() for axes in (jpeg, blur)] == ["quality", "pixels"]
    assert [text.get_text() for text in jpeg.get_xticklabels()] == ["90", "30"]
    lines = {line.get_label(): list(line.get_ydata()) for line in jpeg.lines}
    assert lines == {"unprotected": [1, 1], "random noise": [2, 2], "OPOM": [70, 30]}
    assert len({line.get_linestyle() for line in jpeg.lines}) == 3
    assert figure.get_suptitle() == "It falls."
    assert "%" in jpeg.get_ylabel()


def test_cases_have_bars_and_other_columns_may_be_drawn() -> None:
    table = TABLE.assign(case=["own", "own", "other", "other"] * 2, auc=0.9, auc_unprotected=0.5, auc_noise=0.7)
    figure = sweep(table, "case", title="", values=["auc", "auc_unprotected", "auc_noise"], y_label="AUC")
    axes = figure.axes[0]
    assert not axes.lines
    assert len(axes.patches) == 6  # two cases, and three bars each
    assert len({patch.get_hatch() for patch in axes.patches}) == 3
    assert "0.90" in {text.get_text() for text in axes.texts}
    assert figure.axes[0].get_ylabel() == "AUC"
    assert figure.axes[0].get_ylim()[1] < 2


def test_cost_curves_have_a_marker_per_size() -> None:
    table = pd.DataFrame(
        [("random noise", 4, 0, 0, 0.1), ("random noise", 8, 1, 0, 0.4), ("OPOM", 4, 5, 0, 0.2), ("OPOM", 8, 50, 0, 0.5)],
        columns=["method", "levels", "psr_1", "unprotected_1", "visible"],
    )
    figure = cost_curves(table, "visible", title="Seen.", x_label="visible")
    lines = {line.get_label(): line for line in figure.axes[0].lines}
    assert list(lines["OPOM"].get_xdata()) == [0.2, 0.5]
    assert list(lines["OPOM"].get_ydata()) == [5, 50]
    assert set(lines) == {"unprotected", "random noise", "OPOM"}
    assert sorted(text.get_text() for text in figure.axes[0].texts) == ["4", "4", "8", "8"]


def test_a_missing_column_is_named() -> None:
    with pytest.raises(KeyError, match="noise_1"):
        sweep(TABLE.drop(columns="noise_1"), "severity", title="")
