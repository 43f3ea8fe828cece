"""What protecting a folder costs, and where: 100 photos of 2000 pixels of four people, learning and report included.

    python benchmarks/album.py [--photos 100]

Seconds of CPU per photo, and each part's share: finding faces (reading and embedding included), learning, laying in (reading
included), measuring, and writing. The photos are soft scenes with synthetic people in them. The masks are learned on
dlib-torch and mobilefacenet, as the command does, if they are at hand, and otherwise on ir-softmax. The yardstick is what
nobody gets around: reading every photo and writing it as PNG, in the same process.
"""

from __future__ import annotations

import tempfile
import time
import warnings
from collections import defaultdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from common import arguments, report
from PIL import Image

from opom_edu import OPOM, load_people
from opom_edu.faces.photos import read_photo, save_photo
from opom_edu.faces.synthetic import render_people
from opom_edu.protect import photos, protect_folder
from opom_edu.recognizers import available, load_surrogate
from opom_edu.recognizers.thresholds import THRESHOLDS

PEOPLE, SIDE = 4, 2000
PARTS = {"looking for faces": "finding", "learning": "learning", "protecting": "laying in", "measuring": "measuring"}


def write_album(folder: Path, count: int, side: int) -> None:
    """``count`` photos, a sub-folder per person; a face is a fifth of the photo's side."""
    generator = np.random.default_rng(0)
    each = -(-count // PEOPLE)
    album = render_people(range(2_500_000, 2_500_000 + PEOPLE), each, size=side // 5, margin=0.3)
    for number, (face, person) in enumerate(zip(album.images[:count], album.labels[:count], strict=True)):
        coarse = generator.integers(60, 200, (6, 8, 3), np.uint8)
        scene = cv2.resize(coarse, (side, side * 3 // 4), interpolation=cv2.INTER_CUBIC).astype(np.int16)
        scene += generator.normal(0, 4, scene.shape).round().astype(np.int16)  # a camera's grain: PNG has to write it
        x, y = generator.integers(0, scene.shape[1] - len(face)), generator.integers(0, scene.shape[0] - len(face))
        scene[y : y + len(face), x : x + len(face)] = face
        (place := folder / f"person {person}").mkdir(parents=True, exist_ok=True)
        Image.fromarray(scene.clip(0, 255).astype(np.uint8)).save(place / f"{number:03}.jpg", quality=92)


class Stopwatch:
    """CPU seconds per part, as the run tells what it does; the time spent in writing is taken out of the part around it."""

    def __init__(self) -> None:
        self.spent: defaultdict[str, float] = defaultdict(float)
        self._part, self._since = "other", time.process_time()

    def __call__(self, what: str, share: float) -> None:
        self._switch(next((name for start, name in PARTS.items() if what.startswith(start)), "other"))

    def _switch(self, part: str) -> str:
        now, before = time.process_time(), self._part
        self.spent[before] += now - self._since
        self._part, self._since = part, now
        return before

    def writing(self, *given: Any, **options: Any) -> None:
        before = self._switch("writing")
        save_photo(*given, **options)
        self._switch(before)


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--photos", type=int, default=100)
    args = parser.parse_args()
    count, side = (8, 500) if args.tiny else (args.photos, SIDE)
    here = [one.name for one in available(["dlib-torch", "mobilefacenet"])]
    surrogate, _ = load_surrogate(here or ["ir-softmax"])
    crowd = load_people("synthetic", count=1, distractors=200).distractors
    threshold = None if set(surrogate.networks) <= set(THRESHOLDS) else 0.5
    with tempfile.TemporaryDirectory() as place:
        source = Path(place) / "in"
        write_album(source, count, side)
        watch = Stopwatch()
        photos.save_photo = watch.writing  # type: ignore[attr-defined]
        started = time.process_time()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = protect_folder(
                source, Path(place) / "out", method=OPOM(surrogate), threshold=threshold, crowd=crowd,
                recognizers=available(["dlib"]), on_progress=watch,
            )  # fmt: skip
        whole = time.process_time() - started
        watch("", 1)
        started = time.process_time()
        for file in source.rglob("*.jpg"):
            photo = read_photo(file)
            save_photo(photo, photo.pixels, Path(place) / "bare" / file.with_suffix(".png").name)
        bare = time.process_time() - started
    rows = [
        {"part": part, "CPU seconds per photo": round(spent / count, 3), "share, %": round(100 * spent / whole, 1)}
        for part, spent in watch.spent.items()
        if spent > 0.001 * whole
    ]
    for part, spent in (("all", whole), ("yardstick: read and write", bare)):
        share = round(100 * spent / whole, 1)
        rows.append({"part": part, "CPU seconds per photo": round(spent / count, 3), "share, %": share})
    note = f"{count} photos of {side} pixels, {made.skipped} without a copy, surrogate {surrogate.name}"
    report("album", rows, out=args.out, note=note)


if __name__ == "__main__":
    main()
