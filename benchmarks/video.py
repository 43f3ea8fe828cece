"""How fast a video is protected, beside decoding and encoding it, and whether memory grows with its length.

A rendered clip of two people talking, 1280x720 at 25 frames a second: five seconds, played forward and backward for 10 and
for 60. The yardstick is the clip's own decoding and encoding by the same library and settings. Wall time is what a user
waits; on a busy machine, CPU time over two cores says better what two idle cores would take. Peak memory is that of
processes of their own.

    python benchmarks/video.py [out/video.json]
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from opom_edu import OPOM, load_recognizer
from opom_edu.faces.synthetic.clip import render_clip
from opom_edu.faces.video import Video, write_video
from opom_edu.files import replacing
from opom_edu.protect_video import protect_video

PEOPLE, FPS, UNIT = (1_000_000_001, 1_000_000_002), 25, 5
LENGTHS = (10, 60)


def make(folder: Path) -> None:
    """The clips of all lengths, from one rendering."""
    frames = [pixels for pixels, _ in render_clip(PEOPLE, seconds=UNIT, fps=FPS)]
    there_and_back = [*frames, *frames[::-1]]
    for length in LENGTHS:
        turns = ((i, there_and_back[i % len(there_and_back)]) for i in range(length * FPS))
        write_video(folder / f"{length}.mp4", turns, rate=FPS)


def protect(clip: Path, measured: int, stages: dict[str, float] | None = None) -> None:
    method = OPOM(load_recognizer("dlib-torch"))
    start, known = time.perf_counter(), stages if stages is not None else {}

    def tell(what: str, share: float) -> None:
        known.setdefault(what, time.perf_counter() - start)

    protect_video(clip, clip.with_name(f"copy-{measured}.mp4"), method=method, measured=measured, on_progress=tell)


def timed(run: Callable[[], object], frames: int) -> dict[str, float]:
    def cpu() -> float:
        spent = os.times()
        return spent.user + spent.system

    wall, used = time.perf_counter(), cpu()
    run()
    wall, used = time.perf_counter() - wall, cpu() - used
    return {"wall_s": wall, "cpu_s": used, "fps_wall": frames / wall, "fps_two_idle_cores": 2 * frames / used}


def peak(clip: Path) -> float:
    """Peak memory in MB of a process that protects the clip, measuring 300 faces."""
    status = subprocess.check_output([sys.executable, __file__, "protect", str(clip)], text=True)
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def main() -> None:
    warnings.simplefilter("ignore")
    if sys.argv[1:2] == ["make"]:
        make(Path(sys.argv[2]))
        return
    if sys.argv[1:2] == ["protect"]:
        protect(Path(sys.argv[2]), 300)
        print(Path("/proc/self/status").read_text())
        return
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "out/video.json")
    found: dict[str, Any] = {"load": os.getloadavg(), "threads": torch.get_num_threads()}

    def note(**more: Any) -> None:
        """Keep and show what is known so far: the whole takes long on a busy machine."""
        found.update(more)
        with replacing(out) as temporary:
            temporary.write_text(json.dumps(found, indent=1))
        print(json.dumps(more), flush=True)

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.check_call([sys.executable, __file__, "make", name])
        measure(folder / f"{LENGTHS[0]}.mp4", note)
        for length in LENGTHS:
            note(**{f"peak memory of {length} s, MB": peak(folder / f"{length}.mp4")})


def measure(path: Path, note: Callable[..., None]) -> None:
    """The speed on one clip."""
    clip = Video(path)
    frames = round(clip.seconds * FPS)
    yardstick = timed(lambda: clip.copy(path.with_name("again.mp4"), clip.frames()), frames)
    note(**{"frames": frames, "decode and encode": yardstick})
    stages: dict[str, float] = {}
    own = timed(lambda: protect(path, 0, stages), frames)
    ratios = {f"protect / decode and encode, {what}": own[what] / yardstick[what] for what in ("wall_s", "cpu_s")}
    note(**{"protect": own, "stages begin at, s": stages}, **ratios)
    note(**{"protect and measure 300 faces": timed(lambda: protect(path, 300), frames)})


if __name__ == "__main__":
    main()
