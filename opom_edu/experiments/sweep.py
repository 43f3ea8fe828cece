"""Sweeps: the jobs of a grid, run by Dask on this machine or a cluster, each with a record that outlives what stops it."""

from __future__ import annotations

import json
import logging
import math
import platform
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np
import pandas as pd
import torch

from opom_edu.errors import MissingExtraError, OpomError
from opom_edu.evaluation import Gallery, mask_quality
from opom_edu.evaluation.identification import RANKS
from opom_edu.experiments.bench import Bench, over_people
from opom_edu.experiments.grid import Grid, load_joined
from opom_edu.experiments.records import Records
from opom_edu.faces import People, load_people
from opom_edu.faces.synthetic import synthetic_distractors
from opom_edu.masks import make_method, transfer
from opom_edu.recognizers import Recognizer

if TYPE_CHECKING:
    from distributed import Client

KEYS = ["people", "method", "surrogate", "eps", "seed", "recognizer", "white_box"]  # what a row of the table is about
# One thread per worker; this also takes the place of Dask's MALLOC_TRIM_THRESHOLD_, which makes torch several times slower.
ENVIRONMENT = {"OMP_NUM_THREADS": 1, "MKL_NUM_THREADS": 1, "OPENBLAS_NUM_THREADS": 1, "NUMBA_NUM_THREADS": 1}
LOOK = ("distractors", "seed", "size", "margin", "regime")  # what synthetic distractors share with the people
ANSWER_WITHIN = 10  # seconds for a scheduler to answer


def run_sweep(
    grid: Grid,
    folder: str | Path,
    *,
    scheduler: str | None = None,
    workers: int | None = None,
    on_start: Callable[[str], None] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Run all jobs of the grid that have no record in ``folder`` yet; the same call goes on after whatever stopped it.

    Every job's record is written, whole or not at all, by the worker that ran it, so every worker must see ``folder`` under
    the same path. Workers are sent names and paths, and load what these mean once.

    Args:
        scheduler: address of a Dask scheduler, tcp://HOST:PORT; by default workers are started on this machine. A script
            that does so needs the usual ``if __name__ == "__main__":``.
        workers: how many to start; by default one per GPU, else one per core. Each has one thread and, if any, one GPU.
        on_start: called with the address of Dask's dashboard once there are workers.
        on_progress: called with the number of finished jobs and of all.

    Returns:
        See :func:`sweep_table`.

    Raises:
        OpomError: if the folder cannot be written to, the scheduler does not answer, or jobs failed; the others are done.
        MissingExtraError: without Dask.

    Example:
        >>> from opom_edu.experiments.grid import Grid
        >>> grid = Grid(methods=["random"], options={"count": 2, "distractors": 24})
        >>> run_sweep(grid, folder / "sweep", workers=1)["method"].tolist()
        ['random']
    """
    folder = Path(folder).absolute()
    records = Records(folder / "records")
    jobs = grid.jobs()
    missing = [job for job in jobs if records.load(job) is None]
    show = on_progress or (lambda _done, _all: None)
    show(len(jobs) - len(missing), len(jobs))
    if missing:
        with _client(scheduler, min(workers or _usual_workers(), len(missing))) as client:
            if on_start is not None:
                on_start(client.dashboard_link)
            _finish(client, missing, folder, lambda left: show(len(jobs) - left, len(jobs)))
    return sweep_table(jobs, folder)


def sweep_table(jobs: Sequence[Mapping[str, Any]], folder: str | Path) -> pd.DataFrame:
    """The recorded results of jobs: a row per source of people, method, surrogate, eps, seed and recognizer.

    ``white_box`` marks what shares a network with the surrogate. ``psr_1``, ``unprotected_1`` and so on, in percent,
    ``similarity`` and ``similarity_unprotected`` as in :func:`opom_edu.evaluation.rates`, ``psnr`` (dB) and ``ssim`` are
    means over ``count`` people.

    Raises:
        OpomError: if a record is missing.

    Example:
        >>> from opom_edu.experiments.grid import Grid
        >>> options = {"count": 2, "distractors": 24}
        >>> jobs = Grid(methods=["random"], options=options, targets=["ir-arcface"]).jobs()
        >>> for job in jobs:
        ...     run_job(job, folder / "one")
        >>> sweep_table(jobs, folder / "one")["recognizer"].tolist()
        ['ir-softmax', 'ir-arcface']
    """
    records = Records(Path(folder) / "records")
    rows: list[dict[str, Any]] = []
    for job in jobs:
        result = records.load(job)
        if result is None:
            raise OpomError(f"{records.path(job)} is missing or damaged; run the sweep again, on workers that see {folder}")
        rows += ({key: job[key] for key in KEYS[:5]} | row for row in result["rows"])
    table = pd.DataFrame(rows)
    values = [name for name in table if name not in (*KEYS, "count")]
    table[values] = table[values].astype(float).mul(table["count"], axis=0)
    table = table.groupby(KEYS, sort=False)[["count", *values]].sum(min_count=1).reset_index()
    table[values] = table[values].div(table["count"], axis=0)
    return table


def run_job(job: Mapping[str, Any], folder: str | Path) -> None:
    """Learn the masks of one job, evaluate them, and keep the record."""
    device = _device()
    networks = {job["surrogate"]: job["weights"], **job["targets"]}
    surrogate = _recognizer(job["surrogate"], job["weights"], device)
    bench = _bench(job["people"], job["photos"], json.dumps(job["options"]), str(folder))
    names = [str(name) for name in np.array_split(list(bench.people), job["parts"])[job["part"]]]
    rows: list[dict[str, Any]] = []
    if names:  # there may be more parts than people
        parameters = {key: job[key] for key in ("eps", "seed", "steps", "momentum")}
        parameters |= transfer() if job["transfer"] else {}
        method = make_method(job["method"], surrogate, **parameters)
        masks = bench.learn(method, among=names)
        cost = mask_quality(People([bench.people[name] for name in names]), masks)
        plain = {key: value if math.isfinite(value) else None for key, value in cost.to_dict().items()}
        for name, fingerprint in networks.items():
            found = bench.rate(_recognizer(name, fingerprint, device), masks, surrogate)
            means = over_people(found, ["recognizer", "white_box"]).to_dict("records")
            rows += ({**row, "count": len(names), **plain} for row in means)
    Records(Path(folder) / "records").save(job, {"rows": rows})


def _attempt(job: Mapping[str, Any], folder: str) -> str:
    """Run the job on a worker; what went wrong as text, for not every exception survives the way to the client."""
    try:
        run_job(job, folder)
    except (OpomError, ValueError, OSError) as error:
        return str(error)
    except Exception:
        return traceback.format_exc()
    return ""


def _finish(client: Client, jobs: Sequence[Mapping[str, Any]], folder: Path, on_left: Callable[[int], None]) -> None:
    from distributed import as_completed

    key = Records(folder / "records").key
    futures = client.map(_attempt, jobs, folder=str(folder), key=[f"opom-{key(job)}" for job in jobs])
    failed = []
    for done, future in enumerate(as_completed(futures), 1):
        reason = future.result() if future.status == "finished" else f"its worker was lost: {_reason(future)}"
        if reason:
            failed.append(reason)
        future.release()
        on_left(len(jobs) - done + len(failed))
    if failed:
        raise OpomError(f"{len(failed)} of {len(jobs)} jobs failed, the others are kept; the first said: {failed[0]}")


def _reason(future: Any) -> str:
    try:
        return str(future.exception(timeout=ANSWER_WITHIN))
    except Exception as error:  # canceled, or the scheduler is gone
        return str(error) or type(error).__name__


@contextmanager
def _client(scheduler: str | None, workers: int) -> Iterator[Client]:
    """A client of the scheduler at that address, or of workers started for it."""
    try:
        import dask
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise MissingExtraError("dask", "sweep") from error
    if scheduler is not None:
        try:
            client = Client(scheduler, timeout=ANSWER_WITHIN)
        except (OSError, ValueError, TypeError) as error:
            raise OpomError(f"no Dask scheduler answers at {scheduler} ({error}); start one: dask scheduler") from error
        with client:
            yield client
        return
    with (
        dask.config.set({"distributed.nanny.pre-spawn-environ": ENVIRONMENT}),
        LocalCluster(
            n_workers=workers, threads_per_worker=1, dashboard_address="127.0.0.1:0", silence_logs=logging.ERROR
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


def _usual_workers() -> int:
    return torch.cuda.device_count() or joblib.cpu_count()


def _device() -> str:
    """This worker's GPU, or the CPU. Workers started here are numbered, and take the GPUs in turn; on a cluster each is to
    see one GPU only (CUDA_VISIBLE_DEVICES)."""
    if not torch.cuda.is_available():
        return "cpu"
    from distributed import get_worker

    try:
        number = get_worker().name
    except ValueError:  # not in a worker
        number = 0
    return f"cuda:{number % torch.cuda.device_count() if isinstance(number, int) else 0}"


@lru_cache(maxsize=32)
def _recognizer(name: str, fingerprint: str | None, device: str) -> Recognizer:
    recognizer = load_joined(name, device)
    if recognizer.fingerprint() != fingerprint:
        raise OpomError(f"{name} has other weights on {platform.node()} than where the sweep was started")
    return recognizer


@lru_cache(maxsize=2)
def _bench(source: str, _photos: str, options: str, folder: str) -> Bench:
    """The people, and what recognizers make of them; synthetic distractors are embedded batch by batch."""
    given, cache = json.loads(options), Path(folder) / "embeddings"
    look = {key: value for key, value in given.items() if key in LOOK}
    if source == "synthetic":
        given["distractors"] = 0

    def gallery(recognizer: Recognizer, people: People) -> Gallery:
        others = synthetic_distractors(**look) if source == "synthetic" else None
        return Gallery.of(recognizer, people, distractors=others, cache=cache)

    return Bench(load_people(source, **given), ranks=RANKS, gallery=gallery)
