"""The tables that chapters show."""

import pytest

from opom_edu.lessons.precomputed import TABLES, precomputed


@pytest.mark.parametrize("name", ["fairness", "purifier", "search", "following", "one_photo", "transfer"])
def test_tables_tell_their_command_and_hold_both_baselines(name: str) -> None:
    table = precomputed(name)
    assert table.attrs["source"].startswith(f"python benchmarks/{name}.py, 20")
    if name == "fairness":
        assert {"unprotected", "noise", "psr", "low", "high", "corrected"} <= set(table.columns)
    else:
        plain = {"following": "flat", "one_photo": "plain"}.get(name, "OPOM convex")
        assert {"unprotected", "random noise", plain} <= set(table["masks"])


def test_an_unknown_table_lists_the_others() -> None:
    with pytest.raises(ValueError, match="no table 'none'; there are fairness, "):
        precomputed("none")
    assert all(path.suffix == ".json" for path in TABLES.iterdir())
