"""Killed at any moment and run again, the command leaves the same files as a run that nobody stopped."""

import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from opom_edu.faces.synthetic import render_people
from tests.protect.albums import files

MOMENTS = 20


@pytest.mark.slow
def test_killed_at_twenty_random_moments_and_run_again_gives_the_same_files(tmp_path: Path) -> None:
    album = render_people(range(3_000_000, 3_000_002), 4, size=160, margin=0.5)
    for number, (pixels, person) in enumerate(zip(album.images, album.labels, strict=True)):
        (place := tmp_path / "in" / f"person {person}").mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.asarray(pixels)).save(place / f"{number}.png")
    code = f"import pathlib, opom_edu.cli; pathlib.Path({str(tmp_path / 'ready')!r}).touch(); opom_edu.cli.app()"
    options = ["--surrogate", "ir-softmax", "--targets", "none", "--threshold", "0.3", "--steps", "24"]

    def start(out: Path) -> subprocess.Popen[bytes]:
        (tmp_path / "ready").unlink(missing_ok=True)
        command = [sys.executable, "-c", code, "protect", tmp_path / "in", "--out", out, *options]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        started = subprocess.Popen([*map(str, command)], **quiet)
        while not (tmp_path / "ready").exists() and started.poll() is None:
            time.sleep(0.01)
        return started

    process, began = start(tmp_path / "whole"), time.perf_counter()
    assert process.wait() == 0
    lasted = time.perf_counter() - began
    generator = random.Random(0)
    for _ in range(MOMENTS):
        process = start(tmp_path / "killed")
        time.sleep(generator.uniform(0, lasted))
        process.kill()
        process.wait()
    assert start(tmp_path / "killed").wait() == 0
    assert files(tmp_path / "killed") == files(tmp_path / "whole")
