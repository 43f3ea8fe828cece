"""The benchmarks run at their smallest sizes; what they measure is not looked at here."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "benchmarks"


def run(name: str, *arguments: object) -> str:
    return subprocess.check_output([sys.executable, str(FOLDER / name), *map(str, arguments)], text=True)


def test_the_gpu_benchmark_runs_in_small_on_the_cpu(tmp_path: Path) -> None:
    assert "fit_many" in run("gpu.py", "--tiny", "--rounds", 1, "--out", tmp_path)
    saved = json.loads((tmp_path / "gpu.json").read_text())
    assert [row["way"] for row in saved["rows"]] == ["fit_many", "bare passes", "released loop"]
    assert saved["machine"]["gpu"] is None
    assert (tmp_path / "gpu_batches.png").is_file()


def test_the_gpu_benchmark_says_why_it_is_skipped(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    assert "skipped, for torch finds no GPU" in run("gpu.py", "--out", tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mask_speed.py", "hull_speed.py"])
def test_the_other_benchmarks_run_in_small(name: str, tmp_path: Path) -> None:
    run(name, "--tiny", "--rounds", 1, "--out", tmp_path)
    assert all(json.loads(path.read_text())["rows"] for path in tmp_path.glob("*.json"))
