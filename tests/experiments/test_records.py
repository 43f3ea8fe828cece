import json

import pytest

from opom_edu.errors import OpomError
from opom_edu.experiments import records as module
from opom_edu.experiments.records import Records

CONFIG = {"method": "OPOM-ConvexHull", "seed": 1, "eps": 8 / 255, "people": ["Ada", "Bo"]}
RESULT = {"psr_1": [90.0, 12.5], "note": "whole"}


def test_result_comes_back_in_another_process_s_store_and_only_for_its_own_configuration(tmp_path):
    Records(tmp_path / "runs").save(CONFIG, RESULT)
    again = Records(tmp_path / "runs")
    assert again.load(CONFIG) == RESULT
    assert again.load(CONFIG | {"seed": 2}) is None


def test_key_does_not_depend_on_the_order_of_the_fields_but_on_values_and_version(tmp_path, monkeypatch):
    records = Records(tmp_path)
    key = records.key(CONFIG)
    assert records.key(dict(reversed(CONFIG.items()))) == key
    assert records.key(CONFIG | {"eps": 4 / 255}) != key
    monkeypatch.setattr(module, "__version__", "0.0.0")
    assert records.key(CONFIG) != key


@pytest.mark.parametrize("damage", ["", '{"result": {"psr_1"', "[]", '{"result": {"psr_1": 1}}'])
def test_damaged_record_counts_as_absent_and_is_replaced(tmp_path, damage):
    records = Records(tmp_path)
    records.save(CONFIG, RESULT)
    records.path(CONFIG).write_text(damage)
    assert records.load(CONFIG) is None
    records.save(CONFIG, RESULT)
    assert records.load(CONFIG) == RESULT


def test_changed_figure_is_noticed(tmp_path):
    records = Records(tmp_path)
    records.save(CONFIG, RESULT)
    records.path(CONFIG).write_text(records.path(CONFIG).read_text().replace("12.5", "99.5"))
    assert records.load(CONFIG) is None


def test_killed_save_leaves_the_old_record(tmp_path, monkeypatch):
    records = Records(tmp_path)
    records.save(CONFIG, RESULT)
    monkeypatch.setattr(json, "dumps", lambda *_a, **_k: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        records.save(CONFIG, {"psr_1": []})
    monkeypatch.undo()
    assert records.load(CONFIG) == RESULT
    assert len(list(tmp_path.iterdir())) == 1


def test_value_that_json_lacks_and_folder_that_is_a_file_are_errors(tmp_path):
    with pytest.raises(ValueError, match="Out of range float"):
        Records(tmp_path).key({"rate": float("nan")})
    (tmp_path / "file").write_text("")
    with pytest.raises(OpomError, match="is a file"):
        Records(tmp_path / "file")
