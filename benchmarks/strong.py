"""What each part of a mask for transfer is worth, and the preset ``opom_edu.strong`` that was chosen by them.

    python benchmarks/strong.py synthetic choice       people of the set with seed 5, on whom the parts were chosen
    python benchmarks/strong.py synthetic report       the 24 people of the demo set, who had no part in it (but in choosing
                                                       how the networks are trained; --seed 9 are 24 who had none)
    python benchmarks/strong.py real choice            six of the twelve people in the folder that OPOM_EDU_REAL names
    python benchmarks/strong.py real report            the other six
    python benchmarks/strong.py real all               all twelve
    python benchmarks/strong.py real gradients         a quick look at many parts, on three people of the choice

The surrogate is ``ir-softmax`` with the zoo's six black boxes, and for real faces ``mobilefacenet`` with dlib. Every row:
top-1 PSR in percent on each black box and their mean, PSNR and SSIM of the test photos, and the time of learning. The first
rows are the baselines: unprotected, random noise, OPOM with 16 plain steps, and with momentum, flips and input diversity.
Name rows after ``--rows`` to compute these alone (``--rows "+ affine" "+ budget"``; the latter is ``strong``). Rows are
printed when they are done.

``gradients`` learns next to nothing. At two masks, of 16 plain and of 32 steps for transfer, it takes the sign of the
gradient that a step would follow with each part, from five training photos of each person, and asks how much of the
steepest climb there is on a black box, for five test photos: 1 for that black box's own signs, 0 for random ones. It
needs gradients of the black box (for dlib those of ``dlib-torch``), to choose parts by, not to learn masks.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
import torch
from common import arguments, report
from torch import Tensor

from opom_edu import OPOM, People, Recognizer, load_people, load_recognizer, protection
from opom_edu.evaluation import mask_quality
from opom_edu.masks import (
    GradientChange,
    Learner,
    RandomNoise,
    Transform,
    feature_dropout,
    input_diversity,
    ladder,
    nesterov,
    random_affine,
    random_flip,
    random_jpeg,
    random_light,
    random_patches,
    random_resize,
    random_spectrum,
    random_warp,
    repeated,
    scale_invariance,
    smooth_gradient,
    variance_tuning,
)
from opom_edu.masks.loop import Gradient, Run
from opom_edu.masks.preset import TRANSFORMS
from opom_edu.recognizers import BLACK_BOXES, SURROGATE

CHOICE_SEED = 5
DIVERSE = (random_flip(), input_diversity())
AFFINE = TRANSFORMS[:2]


def synthetic(part: str, distractors: int, seed: int) -> tuple[People, Recognizer, list[Recognizer]]:
    demo = load_people("synthetic", distractors=distractors, seed=seed)
    people = demo
    if part in ("choice", "gradients"):
        others = load_people("synthetic", seed=CHOICE_SEED, count=6, distractors=0)
        people = People(list(others.values()), demo.distractors)
    return people, load_recognizer(SURROGATE), [load_recognizer(name) for name in BLACK_BOXES if name != "dlib"]


def real(part: str, _distractors: int, _seed: int) -> tuple[People, Recognizer, list[Recognizer]]:
    """Half of the people are told apart from the other half's photos, all twelve from each other's."""
    people = load_people(f"folder:{os.environ['OPOM_EDU_REAL']}/faces", train=10)
    persons = list(people.values())
    if part != "all":
        half = len(persons) // 2
        own, others = (persons[half:], persons[:half]) if part == "report" else (persons[:half], persons[half:])
        people = People(own[:3] if part == "gradients" else own, torch.cat([person.test for person in others]))
    return people, load_recognizer("mobilefacenet"), [load_recognizer("dlib-torch" if part == "gradients" else "dlib")]


def methods(surrogate: Recognizer) -> dict[str, Learner[Any]]:
    hundred: dict[str, Any] = {"steps": 100, "momentum": 1.0}
    return {
        "random noise": RandomNoise(),
        "OPOM convex": OPOM(surrogate),
        "momentum, flips, diversity": OPOM(surrogate, transforms=DIVERSE, **hundred),
        **ladder(surrogate),  # the last of them is strong
        "+ spectrum, three draws": OPOM(surrogate, transforms=TRANSFORMS, gradients=[repeated(3)], **hundred),
        "+ affine + light": OPOM(surrogate, transforms=(*AFFINE, random_light()), **hundred),
        "+ affine + scales": OPOM(surrogate, transforms=(*AFFINE, scale_invariance()), **hundred),
        "+ affine + resizing": OPOM(surrogate, transforms=(*AFFINE, random_resize()), **hundred),
        "+ affine + JPEG": OPOM(surrogate, transforms=(*AFFINE, random_jpeg()), **hundred),
        "+ affine + warp": OPOM(surrogate, transforms=(*AFFINE, random_warp()), **hundred),
        "+ affine + spectrum": OPOM(surrogate, transforms=(*AFFINE, random_spectrum()), **hundred),
        "+ affine + patches": OPOM(surrogate, transforms=(*AFFINE, random_patches()), **hundred),
        "+ affine + nesterov": OPOM(surrogate, transforms=AFFINE, gradients=[nesterov()], **hundred),
        "+ affine + smooth": OPOM(surrogate, transforms=AFFINE, gradients=[smooth_gradient(1.0)], **hundred),
        "+ affine + variance": OPOM(surrogate, transforms=AFFINE, gradients=[variance_tuning(1)], **hundred),
        "+ affine + dropout": OPOM(surrogate, transforms=AFFINE, gradients=[feature_dropout(0.1)], **hundred),
        "affine, always": OPOM(surrogate, transforms=(random_flip(), random_affine()), **hundred),
        "affine 20, always": OPOM(surrogate, transforms=(random_flip(), random_affine(20, 0.3, 0.1)), **hundred),
    }


def rates(
    people: People, surrogate: Recognizer, black_boxes: list[Recognizer], chosen: list[str], crowds: list[int]
) -> list[dict[str, Any]]:
    """``crowds``: numbers of distractors; the masks are learned once for all of them."""
    images = [person.train for person in people.values()]
    among = {count: People(list(people.values()), people.distractors[:count]) for count in crowds}
    rows: list[dict[str, Any]] = []
    for name, method in methods(surrogate).items():
        if chosen and name not in chosen:
            continue
        start = time.perf_counter()
        masks = dict(zip(people, method.fit_many(images), strict=True))
        seconds = time.perf_counter() - start
        quality, bare = mask_quality(people, masks), not rows
        for count, crowd in among.items():
            table = protection(black_boxes, crowd, masks, ranks=(1,)).set_index("recognizer")
            if bare:
                rows.append(row("unprotected", table["unprotected_1"], distractors=count))
            rows.append(row(name, table["psr_1"], distractors=count, **quality, seconds=seconds))
    return rows


def row(name: str, figures: pd.Series, **more: float) -> dict[str, Any]:
    made = {"masks": name, **figures.astype(float), "mean": float(figures.mean())}
    made |= {key: float(value) for key, value in more.items()}
    told = (f"{key} {value:.3g}" if isinstance(value, float) else str(value) for key, value in made.items())
    print(", ".join(told), flush=True)
    return made


def gradients(people: People, surrogate: Recognizer, black_boxes: list[Recognizer]) -> list[dict[str, Any]]:
    train, test = (torch.stack([getattr(person, part)[:5] for person in people.values()]) for part in ("train", "test"))
    plain = OPOM(surrogate, hull="center"), OPOM(surrogate, hull="center", steps=32, momentum=1.0, transforms=DIVERSE)
    points = [torch.stack([mask.delta for mask in method.fit_many(list(train))])[:, None] for method in plain]
    wanted = [[climb(OPOM(box, hull="center"), test, point) for box in black_boxes] for point in points]
    small = (random_flip(), random_affine(5, 0.05, 0.04))
    tried: dict[str, tuple[Sequence[Transform], Sequence[GradientChange]]] = {
        "nothing": ((), ()), "flips": (small[:1], ()), "flips, diversity": (DIVERSE, ()), "flips, affine 5": (small, ()),
        "flips, affine 10": ((random_flip(), random_affine(10, 0.1, 0.06)), ()),
        "flips, affine 20": ((random_flip(), random_affine(20, 0.3, 0.1)), ()),
        "flips, affine 5, light": ((*small, random_light(0.5)), ()),
        "flips, affine 5, scales": ((*small, scale_invariance(2)), ()),
        "flips, affine 5, resizing": ((*small, random_resize(0.5)), ()),
        "flips, affine 5, JPEG": ((*small, random_jpeg(30, 90)), ()),
        "flips, affine 5, smooth": (small, [smooth_gradient(1.0)]),
        "flips, affine 5, dropout 0.1": (small, [feature_dropout(0.1)]),
        "strong": (TRANSFORMS, ()),
    }  # fmt: skip
    rows: list[dict[str, Any]] = []
    for name, (transforms, changes) in tried.items():
        method = OPOM(
            surrogate, hull="center", transforms=transforms, gradients=[repeated(8 if transforms else 1), *changes]
        )
        found = [
            [float(gain(climb(method, train, point), want)) for want in each]
            for point, each in zip(points, wanted, strict=True)
        ]
        by_box = torch.tensor(found).mean(0).tolist()
        rows.append(row(name, pd.Series(by_box, [box.name for box in black_boxes])))
    return rows


def climb(method: OPOM, people: Tensor, deltas: Tensor) -> Tensor:
    """The gradient, ``(P, 3, H, W)``, that one step of the method follows at these masks."""
    return torch.stack([climb_one(method, images, delta) for images, delta in zip(people, deltas, strict=True)])


def climb_one(method: OPOM, images: Tensor, delta: Tensor) -> Tensor:
    found: list[Tensor] = []

    def at_the_mask(gradient: Gradient, _: Run) -> Gradient:
        def there(_: Tensor) -> Tensor:
            found.append(gradient((images + delta).clamp(0, 1)[None]))
            return found[0]

        return there

    replace(method, steps=1, gradients=[*method.gradients, at_the_mask]).fit(images)
    return found[0][0]


def gain(gradient: Tensor, wanted: Tensor) -> Tensor:
    return ((gradient.sign() * wanted).sum((1, 2, 3)) / wanted.abs().sum((1, 2, 3))).mean()


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("source", nargs="?", default="synthetic", choices=("synthetic", "real"))
    parser.add_argument("part", nargs="?", default="report", choices=("choice", "report", "all", "gradients"))
    parser.add_argument("--rows", nargs="*", default=[], help="the masks to learn; by default all")
    parser.add_argument("--surrogate", default="", help="another one, such as dlib-torch: dlib is then a white box")
    parser.add_argument("--seed", type=int, default=0, help="of the synthetic people; 0 are those of the demo set")
    parser.add_argument("--distractors", type=int, nargs="+", default=[500], help="synthetic ones, rendered once")
    options = parser.parse_args()
    load = {"synthetic": synthetic, "real": real}[options.source]
    people, surrogate, black_boxes = load(options.part, max(options.distractors), options.seed)
    surrogate = load_recognizer(options.surrogate) if options.surrogate else surrogate
    if options.tiny:
        people = People(list(people.values())[:1], people.distractors[:20])
    note = f"{options.source} {options.part}: {people!r}, surrogate {surrogate.name}"
    suffix = f"_{options.surrogate}" if options.surrogate else ""
    suffix += f"_seed{options.seed}" if options.seed else ""
    if options.part == "gradients":
        found = gradients(people, surrogate, black_boxes)
    else:
        crowds = options.distractors if options.source == "synthetic" else [len(people.distractors)]
        found = rates(people, surrogate, black_boxes, ["random noise"] if options.tiny else options.rows, crowds)
    report(f"strong_{options.source}_{options.part}{suffix}", found, out=options.out, note=note)


if __name__ == "__main__":
    main()
