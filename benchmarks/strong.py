"""What each aid to transferability is worth, and the preset ``opom_edu.strong`` that was chosen by them.

    python benchmarks/strong.py synthetic choice    six people of the set with seed 5, on whom the aids were chosen
    python benchmarks/strong.py synthetic report    the 24 people of the demo set, who had no part in it
    python benchmarks/strong.py real choice         six of the twelve people in the folder that OPOM_EDU_REAL names
    python benchmarks/strong.py real report         the other six
    python benchmarks/strong.py real all            all twelve

The surrogate is ``ir-softmax`` with the zoo's six black boxes, and for real faces ``mobilefacenet`` with dlib. Every row:
top-1 PSR in percent on each black box and their mean, PSNR and SSIM of the test photos, and the time of learning. The first
rows are the baselines: unprotected, random noise, OPOM with 16 plain steps, and with momentum, flips and input diversity.
Name rows after the two words to compute these alone (``"+ light" strong``). Rows are printed when they are done.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from typing import Any

import torch

from opom_edu import OPOM, People, Recognizer, load_people, load_recognizer, protection, strong
from opom_edu.evaluation import mask_quality
from opom_edu.masks import (
    Learner,
    RandomNoise,
    input_diversity,
    ladder,
    nesterov,
    random_flip,
    random_jpeg,
    scale_invariance,
    smooth_gradient,
    variance_tuning,
)
from opom_edu.masks.preset import AIDS, TRANSFORMS
from opom_edu.recognizers import BLACK_BOXES, SURROGATE

CHOICE_SEED = 5


def synthetic(part: str) -> tuple[People, Recognizer, list[Recognizer]]:
    demo = load_people("synthetic")
    people = demo
    if part == "choice":
        others = load_people("synthetic", seed=CHOICE_SEED, count=6, distractors=0)
        people = People(list(others.values()), demo.distractors)
    return people, load_recognizer(SURROGATE), [load_recognizer(name) for name in BLACK_BOXES if name != "dlib"]


def real(part: str) -> tuple[People, Recognizer, list[Recognizer]]:
    """Half of the people are told apart from the other half's photos, all twelve from each other's."""
    people = load_people(f"folder:{os.environ['OPOM_EDU_REAL']}/faces", train=10)
    persons = list(people.values())
    if part != "all":
        half = len(persons) // 2
        own, others = (persons[:half], persons[half:]) if part == "choice" else (persons[half:], persons[:half])
        people = People(own, torch.cat([person.test for person in others]))
    return people, load_recognizer("mobilefacenet"), [load_recognizer("dlib")]


def methods(surrogate: Recognizer) -> dict[str, Learner[Any]]:
    hundred: dict[str, Any] = {"steps": 100, "momentum": 1.0}
    usual = (random_flip(), input_diversity())
    preset: dict[str, Any] = {**hundred, "transforms": TRANSFORMS}
    return {
        "random noise": RandomNoise(),
        "OPOM convex": OPOM(surrogate),
        "momentum, flips, diversity": OPOM(surrogate, transforms=usual, **hundred),
        **ladder(surrogate),
        "strong": strong(surrogate),
        "strong + nesterov": OPOM(surrogate, aids=(*AIDS, nesterov()), **preset),
        "strong + translation": OPOM(surrogate, aids=(*AIDS, smooth_gradient(1.5)), **preset),
        "strong + scale": OPOM(surrogate, aids=(*AIDS, scale_invariance(2)), **preset),
        "strong + variance": OPOM(surrogate, aids=(*AIDS, variance_tuning(1)), **preset),
        "strong + JPEG": OPOM(surrogate, aids=AIDS, **{**preset, "transforms": (*TRANSFORMS, random_jpeg())}),
    }


def main(source: str, part: str, *rows: str) -> None:
    people, surrogate, black_boxes = {"synthetic": synthetic, "real": real}[source](part)
    print(f"{source} {part}: {people!r}; surrogate {surrogate.name}; top-1 PSR in percent")
    names = [recognizer.name for recognizer in black_boxes]
    print(f"{'':28s}" + "".join(f"{name[:12]:>13s}" for name in names) + "         mean  PSNR  SSIM  seconds")
    images = [person.train for person in people.values()]
    said = False
    for name, method in methods(surrogate).items():
        if rows and name not in rows:
            continue
        start = time.perf_counter()
        masks = dict(zip(people, method.fit_many(images), strict=True))
        seconds = time.perf_counter() - start
        table = protection(black_boxes, people, masks, ranks=(1,)).set_index("recognizer")
        if not said:
            said = True
            show("unprotected", table["unprotected_1"], {}, 0.0)
        show(name, table["psr_1"], mask_quality(people, masks), seconds)


def show(name: str, rates: Any, quality: Mapping[str, float], seconds: float) -> None:
    figures = "".join(f"{rate:13.1f}" for rate in rates)
    seen = f"{quality['psnr']:6.1f}{quality['ssim']:6.3f}{seconds:9.0f}" if len(quality) else ""
    print(f"{name:28s}{figures}{rates.mean():13.1f}{seen}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
