"""A student's function, run in a process of its own with limits on time and memory.

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

SECONDS, MEMORY, ANSWER = 10, 2 * 2**30, 2**20  # of the processor; bytes of address space; bytes of what comes back
RUNNER = """
import json, sys
try:
    import resource
    resource.setrlimit(resource.RLIMIT_CPU, ({seconds}, {seconds}))
    resource.setrlimit(resource.RLIMIT_AS, ({memory}, {memory}))
    resource.setrlimit(resource.RLIMIT_FSIZE, ({answer}, {answer}))
except ImportError:
    pass
import numpy as np
task = json.load(open("task.json"))
place = {{"np": np}}
exec(compile(task["source"], "answer", "exec"), place)
found = [np.asarray(place[task["name"]](*map(np.array, given))).tolist() for given in task["given"]]
json.dump(found, open("found.json", "w"))
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
        code = RUNNER.format(seconds=SECONDS, memory=MEMORY, answer=ANSWER)
        environment = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        process = subprocess.Popen(
            [sys.executable, "-I", "-c", code],
            cwd=folder,
            env=environment,
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        try:
            _, errors = process.communicate(timeout=2 * SECONDS)
        except subprocess.TimeoutExpired as error:
            raise ValueError(f"the code ran for more than {2 * SECONDS} seconds") from error
        finally:
            _end(process)
        found = Path(folder, "found.json")
        if process.returncode < 0:
            raise ValueError(f"the code was stopped: more than {SECONDS} seconds of work, or a crash")
        if process.returncode or not found.is_file() or found.stat().st_size > ANSWER:
            raise ValueError(f"the code fails: {_last(errors)}")
        try:
            answers = json.loads(found.read_text())
        except ValueError as error:
            raise ValueError("the code wrote something else than its answer") from error
    if not isinstance(answers, list) or len(answers) != len(given):
        raise ValueError("the code wrote something else than its answer")
    return answers


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
