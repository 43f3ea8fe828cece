"""Protecting a folder, killed for real and started again, ends in the files of a run that nobody disturbed."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from opom_edu import load_people
from opom_edu.files import UNFINISHED
from tests.protect.albums import files

pytest.importorskip("dlib", reason="the extra 'dlib' is not installed")

COMMAND = "from opom_edu.cli import app; app()"
OPTIONS = ["--surrogate", "ir-softmax", "--targets", "none", "--threshold", "0.4", "--steps", "7", "--learn", "5"]


def make_folder(folder: Path, people: int, photos: int) -> None:
    """Small photos: in four of five one face, in the fifth that of the next person beside it."""
    portraits = list(load_people("synthetic", count=people, train=10, test=10, distractors=0).items())
    for number, (name, person) in enumerate(portraits):
        (folder / name).mkdir(parents=True)
        own = np.concatenate([person.train, person.test]).transpose(0, 2, 3, 1)
        other = portraits[(number + 1) % people][1].test.permute(0, 2, 3, 1).numpy()
        for i in range(photos):
            scene = np.full((160, 300, 3), 0.4 + 0.01 * i, np.float32)  # no two files alike
            scene[20:132, 15:127] = own[i % 20]
            if i % 5 == 4:
                scene[25:137, 170:282] = other[i % 10]
            Image.fromarray((scene * 255).round().astype(np.uint8)).save(folder / name / f"{i}.png")


def start(folder: Path, out: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", COMMAND, "protect", str(folder), "--out", str(out), *OPTIONS]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def written(out: Path) -> int:
    """Finished files; what is being written may vanish while it is counted."""
    return sum(not name.startswith(UNFINISHED) for _, _, names in os.walk(out) for name in names)


@pytest.mark.slow
@pytest.mark.parametrize(("people", "photos", "kills"), [(2, 5, 1), (4, 25, 3)], ids=["10 photos", "100 photos"])
def test_killed_at_a_random_moment_and_started_again(tmp_path: Path, people: int, photos: int, kills: int) -> None:
    make_folder(tmp_path / "in", people, photos)
    whole, out = tmp_path / "whole", tmp_path / "out"
    status = start(tmp_path / "in", whole).wait()
    expected = files(whole)
    assert sum(name.startswith("photos") for name in expected) > 0.9 * people * photos
    for moment in sorted(random.sample(range(1, len(expected) - 2), kills)):
        process = start(tmp_path / "in", out)
        while process.poll() is None and written(out) < moment:
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL, f"done before {moment} of {len(expected)} files"
    left = out / "photos" / f"{UNFINISHED}0.png"  # as a kill in the middle of writing leaves it
    left.parent.mkdir(exist_ok=True)
    left.write_bytes(b"half")
    assert start(tmp_path / "in", out).wait() == status
    assert files(out) == expected
