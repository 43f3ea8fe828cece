"""A student's function, or a team's network, run in a process of its own with limits on time and memory.

This stops mistakes: endless loops, too much memory, a crash. It is no sandbox for hostile code, which could read
the files of whoever grades. Grade strangers' code in a container without network: see ``notebooks/teaching/assignments.md``.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SECONDS, MEMORY, ANSWER = 10, 2 * 2**30, 2**20  # of the processor; bytes of address space; bytes of what comes back
ROOM, NETWORK_SECONDS = 2**30, 120  # bytes of photos that a network may give back; of the processor
LIMITS = """
try:
    import resource
    resource.setrlimit(resource.RLIMIT_CPU, ({seconds}, {seconds}))
    resource.setrlimit(resource.RLIMIT_AS, ({memory}, {memory}))
    resource.setrlimit(resource.RLIMIT_FSIZE, ({answer}, {answer}))
except ImportError:
    pass
"""
RUNNER = """
import json
import numpy as np
task = json.load(open("task.json"))
place = {"np": np}
exec(compile(task["source"], "answer", "exec"), place)
found = [np.asarray(place[task["name"]](*map(np.array, given))).tolist() for given in task["given"]]
json.dump(found, open("found.json", "w"))
"""
NETWORK = """
import numpy as np
import onnxruntime
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
network = onnxruntime.InferenceSession("network.onnx", options, providers=["CPUExecutionProvider"])
photos, entry = np.load("photos.npy"), network.get_inputs()[0].name
found = [network.run(None, {entry: photos[k : k + 50]})[0] for k in range(0, len(photos), 50)]
np.save("found.npy", np.concatenate(found).astype(np.float32))
"""


def call(source: str, name: str, given: list[list[Any]]) -> list[Any]:
    """What a function in ``source`` returns for each of the ``given`` lists of arguments.

    Raises:
        ValueError: in plain words, if it is not there, crashes, runs for too long, or returns too much.

    Example:
        >>> call("def twice(x): return 2 * x", "twice", [[1], [[1, 2]]])
        [2, [2, 4]]
    """
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "task.json").write_text(json.dumps({"source": source, "name": name, "given": given}))
        found = _run(RUNNER, Path(folder), "found.json", "the code", SECONDS, ANSWER)
        try:
            answers = json.loads(found.read_text())
        except ValueError as error:
            raise ValueError("the code wrote something else than its answer") from error
    if not isinstance(answers, list) or len(answers) != len(given):
        raise ValueError("the code wrote something else than its answer")
    return answers


def run_network(file: Path, photos: NDArray[np.float32]) -> NDArray[np.float32]:
    """The first output of an ONNX network, for photos ``(N, 3, 112, 112)``, computed in a process with limits.

    Raises:
        ValueError: in plain words, if it is no such network, fails, runs for too long, takes too much memory, or gives
            numbers that are not finite.

    Example:
        >>> _ = (folder / "no.onnx").write_bytes(b"no network")
        >>> try:
        ...     run_network(folder / "no.onnx", np.zeros((1, 3, 112, 112), np.float32))
        ... except ValueError as error:
        ...     print(str(error)[:17])
        the network fails
    """
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "network.onnx").write_bytes(file.read_bytes())  # alone: it finds no file beside it
        np.save(Path(folder, "photos.npy"), photos)
        found = _run(NETWORK, Path(folder), "found.npy", "the network", NETWORK_SECONDS, ROOM)
        made: NDArray[np.float32] = np.load(found, allow_pickle=False)
    if len(made) != len(photos) or not np.isfinite(made).all():
        raise ValueError("the network gives another number of answers than photos, or numbers that are not finite")
    return made


def _run(code: str, folder: Path, answer: str, who: str, seconds: int, most: int) -> Path:
    """Run code in ``folder`` until it has written ``answer``, at most ``most`` bytes."""
    process = subprocess.Popen(
        [sys.executable, "-I", "-c", LIMITS.format(seconds=seconds, memory=MEMORY, answer=most) + code],
        cwd=folder,
        env={"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        _, errors = process.communicate(timeout=2 * seconds)
    except subprocess.TimeoutExpired as error:
        raise ValueError(f"{who} ran for more than {2 * seconds} seconds") from error
    finally:
        _end(process)
    found = folder / answer
    if process.returncode < 0:
        raise ValueError(f"{who} was stopped: more than {seconds} seconds of work, too much memory, or a crash")
    if process.returncode or not found.is_file() or found.stat().st_size > most:
        raise ValueError(f"{who} fails: {_last(errors)}")
    return found


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the process and all that it started."""
    try:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    except (ProcessLookupError, PermissionError):
        pass
    process.wait()


def _last(errors: bytes) -> str:
    lines = errors.decode("utf-8", "replace").strip().splitlines()
    return lines[-1][:200] if lines else "it says nothing"
