"""A sweep finds the same whoever runs it, keeps what is finished, and says what is wrong with a grid."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from opom_edu import load_people, load_recognizer, protection
from opom_edu.errors import MissingExtraError, OpomError, PeopleError
from opom_edu.experiments import Grid, read_grid, run_sweep, sweep_table
from opom_edu.experiments import records as records_module
from opom_edu.masks import make_method
from tests.conftest import make_people

sweeps = sys.modules["opom_edu.experiments.sweep"]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Four people made of noise, two photos each to learn from and three to test on."""
    root = tmp_path_factory.mktemp("photos")
    for name, person in make_people(4, photos=5, train=2).items():
        (root / name).mkdir()
        for i, image in enumerate(torch.cat([person.train, person.test])):
            pixels = (image.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
            Image.fromarray(pixels).save(root / name / f"{i}.png")
    return f"folder:{root}"


@pytest.fixture
def grid(photos: str) -> Grid:
    return Grid(
        people=[photos], methods=["random", "center"], eps=["4/255", 8 / 255], seeds=[0, 1], targets=["seir-softmax"],
        options={"train": 2}, steps=2,
    )  # fmt: skip


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """Jobs run in this process, one after another, in place of Dask's workers; the jobs that were run."""
    done: list[dict[str, object]] = []

    def finish(_client: object, jobs: list[dict[str, object]], folder: Path, on_left: object) -> None:
        for job in jobs:
            done.append(job)
            sweeps.run_job(job, folder)

    class Nobody:
        dashboard_link = "http://127.0.0.1:1/status"

        def __enter__(self) -> "Nobody":
            return self

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(sweeps, "_client", lambda *_: Nobody())
    monkeypatch.setattr(sweeps, "_finish", finish)
    return done


def test_rates_are_those_of_protection(grid: Grid, tmp_path: Path, here: list[dict[str, object]]) -> None:
    table = run_sweep(grid, tmp_path)
    assert len(here) == 2 * 2 * 2
    assert len(table) == 2 * 2 * 2 * 2
    assert set(table["recognizer"]) == {"ir-softmax", "seir-softmax"}
    assert set(table.loc[table["white_box"], "recognizer"]) == {"ir-softmax"}
    row = table.query("method == 'center' and eps > 0.02 and seed == 1 and recognizer == 'seir-softmax'").iloc[0]
    people = load_people(grid.people[0], train=2)
    method = make_method("center", load_recognizer("ir-softmax"), eps=8 / 255, seed=1, steps=2)
    masks = method.fit_many([person.train for person in people.values()])
    expected = protection(load_recognizer("seir-softmax"), people, masks, ranks=(1, 5)).iloc[0]
    for column in ("psr_1", "psr_5", "unprotected_1", "similarity", "similarity_unprotected"):
        assert row[column] == pytest.approx(expected[column], abs=1e-5)
    assert row["count"] == 4


def test_parts_of_the_people_add_up(grid: Grid, tmp_path: Path, here: list[dict[str, object]]) -> None:
    from dataclasses import replace

    small = replace(grid, seeds=[0], eps=[8 / 255])
    whole = run_sweep(small, tmp_path)
    for parts in (3, 5):  # more parts than people too
        cut = run_sweep(replace(small, parts=parts), tmp_path)
        pd.testing.assert_frame_equal(cut, whole, atol=1e-4)


def test_a_repeated_sweep_runs_nothing_and_a_damaged_record_is_made_anew(
    grid: Grid, tmp_path: Path, here: list[dict[str, object]]
) -> None:
    first = run_sweep(grid, tmp_path)
    here.clear()
    seen: list[tuple[int, int]] = []
    pd.testing.assert_frame_equal(run_sweep(grid, tmp_path, on_progress=lambda *now: seen.append(now)), first)
    assert not here
    assert seen == [(8, 8)]
    victim = sorted((tmp_path / "records").iterdir())[3]
    victim.write_text(victim.read_text()[:-20])
    with pytest.raises(OpomError, match=r"json is missing or damaged; run the sweep again"):
        sweep_table(grid.jobs(), tmp_path)
    pd.testing.assert_frame_equal(run_sweep(grid, tmp_path), first)
    assert len(here) == 1


def test_changed_photos_or_weights_are_another_job(grid: Grid, photos: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def keys() -> set[str]:
        return {json.dumps(job, sort_keys=True) for job in grid.jobs()}

    before = keys()
    assert keys() == before
    file = Path(photos.partition(":")[2]) / "person 0" / "0.png"
    times = file.stat()
    os.utime(file, (1, 1))
    assert not keys() & before
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert keys() == before
    monkeypatch.setattr("opom_edu.recognizers.Recognizer.fingerprint", lambda _self: "other")
    assert not keys() & before
    monkeypatch.undo()
    job = grid.jobs()[0] | {"weights": "other"}
    with pytest.raises(OpomError, match="ir-softmax has other weights"):
        sweeps.run_job(job, "nowhere")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("methods = ['uap']", r"methods: unknown 'uap'; choose among random, "),
        ("methods = ['convexx']", r"methods: unknown 'convexx'; choose among random, "),
        ("methods = []", "methods is empty"),
        ("", "lacks methods"),
        ("methods = 'convex'", "methods must be a list"),
        ("methods = ['convex', 'convex']", "methods has a value twice"),
        ("method = ['convex']", "unknown key method; choose among methods, people"),
        (
            "methods = ['convex']\nsurrogates = ['ir-softmax+banana']",
            "surrogates: unknown 'banana'; choose among ir-softmax",
        ),
        ("methods = ['convex']\ntargets = ['banana']", "targets: unknown 'banana'"),
        ("methods = ['convex']\ntargets = ['ir-softmax']", "leave it out of targets"),
        ("methods = ['convex']\neps = ['8']", "for 8 gray levels write 8/255"),
        ("methods = ['convex']\neps = ['a lot']", "not a number"),
        ("methods = ['convex']\nseeds = [-1]", "seeds must be whole numbers from 0"),
        ("methods = ['convex']\nsteps = 0", "steps must be whole numbers from 1"),
        ("methods = ['convex']\nparts = true", "parts must be whole numbers from 1"),
        ("methods = ['convex']\nmomentum = 'high'", "momentum a number"),
        ("methods = ['convex']\n[options]\nday = 2020-01-01", "options must be a table of numbers and text"),
        ("methods = [", "cannot be read as TOML"),
    ],
)
def test_what_is_wrong_with_a_grid_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "grid.toml"
    path.write_text(text)
    with pytest.raises((ValueError, OpomError), match=rf"grid\.toml.*{message}"):
        read_grid(path)


def test_what_cannot_be_swept_is_named_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(OpomError, match=r"nothing\.toml cannot be read"):
        read_grid(tmp_path / "nothing.toml")
    for source, message in (
        ("photos", "unknown source"),
        ("folder:nowhere", "nowhere is not a folder"),
        ("opom", "unknown"),
    ):
        with pytest.raises(PeopleError, match=message):
            run_sweep(Grid(people=[source], methods=["random"]), tmp_path)
    with pytest.raises(ValueError, match="dlib is a black box without gradients"):
        run_sweep(Grid(methods=["random"], surrogates=["dlib"]), tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(OpomError, match="is a file; name another folder"):
        run_sweep(Grid(methods=["random"]), tmp_path / "file")


def test_workers_take_the_gpus_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sweeps._device() in ("cpu", "cuda:0")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert sweeps._usual_workers() == 2
    for name, device in ((0, "cuda:0"), (1, "cuda:1"), (2, "cuda:0"), ("tcp://10.0.0.1:4000", "cuda:0")):
        monkeypatch.setattr("distributed.get_worker", lambda name=name: SimpleNamespace(name=name))
        assert sweeps._device() == device


def test_without_dask_the_extra_is_named(grid: Grid, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingExtraError, match=r"opom_edu\[sweep\]"):
        run_sweep(grid, tmp_path)


def test_a_scheduler_that_does_not_answer_is_named(grid: Grid, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeps, "ANSWER_WITHIN", 1)
    for address in ("tcp://127.0.0.1:1", "banana://x"):
        with pytest.raises(OpomError, match=f"no Dask scheduler answers at {address}.*dask scheduler"):
            run_sweep(grid, tmp_path, scheduler=address)


def command(grid: Path, out: Path) -> list[str]:
    return [
        sys.executable,
        "-c",
        "from opom_edu.cli import app; app()",
        "sweep",
        str(grid),
        "--out",
        str(out),
        "--workers",
        "2",
    ]


def written_records(out: Path) -> dict[str, int]:
    """The names of the records, and when each was written."""
    return {path.name: path.stat().st_mtime_ns for path in (out / "records").glob("[!.]*.json")}


def finished(out: Path, least: int, process: "subprocess.Popen[str]") -> dict[str, int]:
    """The records, once there are so many."""
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        found = written_records(out)
        if len(found) >= least:
            return found
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    raise AssertionError(f"fewer than {least} records after five minutes")


@pytest.fixture
def written(photos: str, tmp_path: Path) -> Path:
    (tmp_path / "grid.toml").write_text(
        f"people = ['{photos}']\nmethods = ['center', 'convex']\neps = ['2/255', '4/255', '6/255', '8/255']\n"
        "seeds = [0, 1, 2, 3, 4, 5, 6, 7]\nsteps = 8\n[options]\ntrain = 2\n"
    )
    return tmp_path / "grid.toml"


@pytest.mark.slow
def test_killed_workers_and_clients_lose_nothing_that_was_finished(written: Path, tmp_path: Path) -> None:
    """Real processes: a worker is killed, later the client; the next call does the rest, and the table is the same."""
    import psutil

    out = tmp_path / "killed"
    process = subprocess.Popen(command(written, out), stderr=subprocess.PIPE, text=True)
    client = psutil.Process(process.pid)
    finished(out, 3, process)
    workers = [child for child in client.children(recursive=True) if "spawn_main" in " ".join(child.cmdline())]
    assert len(workers) == 2
    workers[0].kill()
    before_death = finished(out, 8, process)
    everybody = client.children(recursive=True)
    process.send_signal(signal.SIGKILL)
    process.wait()
    _, alive = psutil.wait_procs(everybody, timeout=30)
    assert not alive, "a worker outlives its client"
    kept = written_records(out)
    assert kept.keys() >= before_death.keys()
    assert len(kept) < 64, "the client was killed too late"
    subprocess.run(command(written, out), check=True, capture_output=True)
    after = written_records(out)
    assert len(after) == 64
    assert {name: after[name] for name in kept} == kept  # not written again
    subprocess.run(command(written, tmp_path / "undisturbed"), check=True, capture_output=True)
    assert (out / "table.csv").read_bytes() == (tmp_path / "undisturbed" / "table.csv").read_bytes()


@pytest.fixture
def scheduler() -> Iterator[str]:
    """A running scheduler with one worker, as on a cluster."""
    from distributed import LocalCluster

    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster:
        yield cluster.scheduler_address


@pytest.mark.slow
def test_a_cluster_runs_it_and_says_which_job_failed(grid: Grid, tmp_path: Path, scheduler: str) -> None:
    told: list[str] = []
    seen: list[tuple[int, int]] = []
    table = run_sweep(grid, tmp_path, scheduler=scheduler, on_start=told.append, on_progress=lambda *now: seen.append(now))
    assert len(table) == 16
    assert told[0].endswith("/status")
    assert seen == [(done, 8) for done in range(9)]
    bad = Grid(people=[*grid.people], methods=["random"], options={"train": 50})
    with pytest.raises(OpomError, match=r"1 of 1 jobs failed.*holds nobody with the 52 usable images"):
        run_sweep(bad, tmp_path, scheduler=scheduler)
    assert records_module.Records(tmp_path / "records").load(bad.jobs()[0]) is None
