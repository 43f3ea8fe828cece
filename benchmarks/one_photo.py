"""Masks from one photo and from a few: what it is worth to look at a photo many times, each time a little changed.

    python benchmarks/one_photo.py [--people 50]
    python benchmarks/one_photo.py --development      on the people on whom the number of looks was chosen

Report people, the six black boxes, 500 strangers; all masks are OPOM convex on ``ir-softmax`` with 16 steps, but for
``strong``. ``looks`` repeats the photos until there are eight or more, and the preset's transforms show each copy in another
way at every step: mirrored, turned, bent, with other frequencies. ``strangers' differences`` widens the hull of a single
photo by what sets development people's photos apart from their own mean, after the idea that faces vary alike. Rows say the
PSR at rank 1 in percent, mean of the six; what a person gains over plain OPOM with the same photos, paired; PSNR in dB; and
the seconds that a mask takes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from math import ceil

import numpy as np
import torch
from common import TABLES, arguments, report
from torch import Tensor
from torch.nn import functional

from opom_edu import OPOM, Mask, People, load_people, load_recognizer, strong
from opom_edu.evaluation import failed_searches, mask_quality
from opom_edu.evaluation.groups import interval
from opom_edu.faces.seeds import DEVELOPMENT, REPORT
from opom_edu.masks.objectives import Targets
from opom_edu.masks.preset import TRANSFORMS
from opom_edu.recognizers import BLACK_BOXES, SURROGATE, Recognizer

COUNTS = (1, 2, 3, 5, 10)
LOOKS = 8
Fit = Callable[[Tensor], Mask]


@dataclass(frozen=True, eq=False)
class Wider(OPOM):
    """OPOM whose hull also holds the person's first photo moved by each of these ``differences (M, D)`` of embeddings."""

    _: KW_ONLY
    differences: Tensor

    def objective(self, clean: Tensor, surrogate: Recognizer) -> Targets:
        moved = functional.normalize(clean[:, :1] + self.differences, dim=-1)
        return super().objective(torch.cat([clean[:, :1], moved], 1), surrogate)


def differences(surrogate: Recognizer, people: int = 12) -> Tensor:
    """How development people's photos lie about their own mean, ``(M, D)``."""
    others = load_people("synthetic", count=people, seed=DEVELOPMENT, distractors=0)
    seen = torch.stack([surrogate.embed(person.train) for person in others.values()])
    return (seen - seen.mean(1, keepdim=True)).flatten(0, 1)


def looked_at(photos: Tensor) -> Tensor:
    return photos.repeat(ceil(LOOKS / len(photos)), 1, 1, 1)


def learners(surrogate: Recognizer) -> dict[tuple[str, int], Fit]:
    """By name and number of photos."""
    plain, looks = OPOM(surrogate), OPOM(surrogate, transforms=TRANSFORMS)
    further = differences(surrogate)
    larger = OPOM(surrogate, eps=9.3 / 255, step_size=9.3 / 8 / 255)
    single: dict[tuple[str, int], Fit] = {
        ("plain, eps 9.3", 1): larger.fit,
        ("strangers' differences", 1): Wider(surrogate, differences=further).fit,
        ("looks, strangers' differences", 1): lambda photos: Wider(
            surrogate, transforms=TRANSFORMS, differences=further
        ).fit(looked_at(photos)),
        ("strong", 1): strong(surrogate).fit,
    }
    counted: dict[tuple[str, int], Fit] = {("plain", count): plain.fit for count in COUNTS}
    counted |= {("looks", count): lambda photos: looks.fit(looked_at(photos)) for count in COUNTS}
    return counted | single


def table(people: People) -> list[dict[str, object]]:
    judges = [load_recognizer(name) for name in BLACK_BOXES if name != "dlib"]
    rows: list[dict[str, object]] = []
    plain: dict[int, np.ndarray] = {}
    for (name, count), fit in learners(load_recognizer(SURROGATE)).items():
        start = time.process_time()
        masks = {person: fit(each.train[:count]) for person, each in people.items()}
        seconds = (time.process_time() - start) / len(people)
        found = {masked: tries.mean(1) for masked, tries in failed_searches(judges, people, {name: masks}).items()}
        if not rows:
            rows += [row(bare, each, found[bare]) for bare in ("unprotected", "random noise") for each in COUNTS]
        gained = found[name] - plain[count] if count in plain else None
        if name == "plain":
            plain[count], gained = found[name], None
        quality = mask_quality(people, masks)
        rows.append(row(name, count, found[name], gained, psnr=quality["psnr"], seconds=seconds))
    return rows


def row(name: str, count: int, psr: np.ndarray, gained: np.ndarray | None = None, **more: float) -> dict[str, object]:
    made: dict[str, object] = {"masks": name, "photos": count, **told("", psr)}
    made |= told("gain_", gained) if gained is not None else {}
    made |= {key: round(float(value), 2) for key, value in more.items()}
    print(", ".join(f"{key} {value}" for key, value in made.items()), flush=True)
    return made


def told(prefix: str, values: np.ndarray) -> dict[str, object]:
    low, high = interval(values[:, None])
    figures = {"mean": values.mean(), "low": low, "high": high}
    return {prefix + key: round(float(value), 2) for key, value in figures.items()}


def main() -> None:
    parser = arguments(__doc__, out=TABLES)
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--development", action="store_true")
    options = parser.parse_args()
    seed, count = DEVELOPMENT if options.development else REPORT, 2 if options.tiny else options.people
    people = load_people("synthetic", count=count, seed=seed, distractors=20 if options.tiny else 500)
    name = "one_photo_development" if options.development else "one_photo"
    report(name, table(people), out=options.out, note="percent, 95 % intervals over people")


if __name__ == "__main__":
    main()
