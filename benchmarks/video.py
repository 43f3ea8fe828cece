"""How fast a video is protected, beside decoding and encoding it, and whether memory grows with its length.

A rendered clip of two people talking, 1280x720 at 25 frames a second: five seconds, played forward and backward for 10 and
for 60. The yardstick is the clip's own decoding and encoding by the same library and settings. Wall time is what a user
waits; on a busy machine, CPU time over two cores says better what two idle cores would take. Peak memory is that of
processes of their own.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

from common import arguments, peak_memory, report, report_memory
from synthetic_people.clip import render_clip

from opom_edu import OPOM, load_recognizer
from opom_edu.faces.video import Video, write_video
from opom_edu.protect import protect_video

PEOPLE, FPS, UNIT = (1_000_000_001, 1_000_000_002), 25, 5
LENGTHS, TINY = (10, 60), (2, 4)  # seconds


def make(folder: Path, tiny: bool) -> None:
    """The clips of all lengths, from one rendering."""
    size = (180, 320) if tiny else (720, 1280)
    frames = [pixels for pixels, _ in render_clip(PEOPLE, seconds=1 if tiny else UNIT, fps=FPS, size=size)]
    there_and_back = [*frames, *frames[::-1]]
    for length in TINY if tiny else LENGTHS:
        turns = ((i, there_and_back[i % len(there_and_back)]) for i in range(length * FPS))
        write_video(folder / f"{length}.mp4", turns, rate=FPS)


def protect(clip: Path, measured: int) -> None:
    method = OPOM(load_recognizer("dlib-torch"))
    protect_video(clip, clip.with_name(f"copy-{measured}.mp4"), method=method, measured=measured)


def timed(run: Callable[[], object], frames: int) -> dict[str, float]:
    def cpu() -> float:
        spent = os.times()
        return spent.user + spent.system

    wall, used = time.perf_counter(), cpu()
    run()
    wall, used = time.perf_counter() - wall, cpu() - used
    return {
        "wall, s": wall,
        "processor, s": used,
        "frames/s": frames / wall,
        "frames/s of two idle cores": 2 * frames / used,
    }


def rows(folder: Path, lengths: tuple[int, ...]) -> Iterator[dict[str, object]]:
    """The speed on the shortest clip, then everybody's peak memory."""
    clip = Video(folder / f"{lengths[0]}.mp4")
    frames = round(clip.seconds * FPS)
    yardstick = timed(lambda: clip.copy(folder / "again.mp4", clip.frames()), frames)
    yield {"what": "decode and encode", **yardstick}
    for what, measured in (("protect", 0), ("protect, measure 300 faces", 300)):
        own = timed(lambda measured=measured: protect(clip.path, measured), frames)  # type: ignore[misc]
        ratios = {f"{key} / decode and encode": own[key] / yardstick[key] for key in ("wall, s", "processor, s")}
        yield {"what": what, **own, **ratios}
    for length in lengths:
        peak = peak_memory(__file__, "--clip", str(folder / f"{length}.mp4"))
        yield {"what": f"peak memory, a clip of {length} s", "MB": peak}


def main() -> None:
    warnings.simplefilter("ignore")
    parser = arguments(__doc__)
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--clip", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.make:
        make(options.make, options.tiny)
    elif options.clip:
        protect(options.clip, 300)
        report_memory()
    else:
        found: list[dict[str, object]] = []
        with tempfile.TemporaryDirectory() as name:
            tiny = ["--tiny"] if options.tiny else []
            subprocess.check_call([sys.executable, __file__, "--make", name, *tiny])
            for row in rows(Path(name), TINY if options.tiny else LENGTHS):
                found.append(row)  # written after each: the whole takes long on a busy machine
                report("video", found, out=options.out, note="1280x720, 25 frames/s, two people")


if __name__ == "__main__":
    main()
