"""What a synthetic photo costs on one core: python benchmarks/render_speed.py

Seconds of the processor, not of the clock, so that other work on the machine disturbs less; and the time in which the demo
set is read, beside that of rendering its photos.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import cv2
import numpy as np
from common import arguments, report
from synthetic_people.camera import Sitter, take_photo
from synthetic_people.conditions import sample_conditions
from synthetic_people.identity import sample_identity

from opom_edu.faces import load_people

PEOPLE, PHOTOS = 12, 10


def main() -> None:
    options = arguments(__doc__).parse_args()
    cv2.setNumThreads(1)
    identities = [sample_identity(6_000_000 + index) for index in range(PEOPLE)]
    sitters = [Sitter(identity) for identity in identities]
    looks = [
        [sample_conditions(sitter.identity, np.random.default_rng(index)) for index in range(PHOTOS)] for sitter in sitters
    ]

    def photograph() -> None:
        for sitter, conditions in zip(sitters, looks, strict=True):
            for look in conditions:
                take_photo(sitter, look)

    photograph()  # compiles the kernels and grows the hair
    photo = processor_seconds(photograph) / PEOPLE / PHOTOS
    person = processor_seconds(lambda: [Sitter(identity) for identity in identities]) / PEOPLE
    started = time.perf_counter()
    people = load_people("synthetic")
    loading = time.perf_counter() - started
    photos = sum(len(p.train) + len(p.test) for p in people.values()) + len(people.distractors)
    row = {
        "photos": photos, "a 112x112 photo, ms": 1e3 * photo, "a person's head, skin and brows, ms": 1e3 * person,
        "the demo set read, s": loading, "rendered / read": photos * photo / loading,
    }  # fmt: skip
    report("render_speed", [row], out=options.out, note="one core, seconds of the processor")


def processor_seconds(work: Callable[[], object]) -> float:
    """The least of three runs."""
    times = []
    for _ in range(3):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return min(times)


if __name__ == "__main__":
    main()
