"""What could make ``opom_edu.strong`` transfer further, part by part, on real people (the folder that OPOM_EDU_REAL names).

    python benchmarks/transfer.py choice [--rows NAME ...]     six people: parts are chosen on them
    python benchmarks/transfer.py report [--rows NAME ...]     the six others, with the same parts
    python benchmarks/transfer.py choice --judges zoo --rows "random noise"      can the zoo's networks judge real people?

Masks are learned on ``mobilefacenet`` and judged by dlib and by ``dlib-torch``, its network without its landmarks. Parts are
added to ``strong`` without its symmetric steps, and ``more`` is the paired difference to that. Each mask is learned by one
thread; ``seconds`` are the processor's, mean over people. Finished rows are kept in ``transfer.json``, and an interrupted
run goes on after them.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from common import TABLES, arguments, report
from joblib import Parallel, delayed
from strong import real
from torch import Tensor
from torch.nn.functional import cosine_similarity

from opom_edu import OPOM, Mask, People, load_recognizer, strong
from opom_edu.evaluation import mask_quality
from opom_edu.evaluation.groups import interval
from opom_edu.experiments import Bench
from opom_edu.masks import GradientChange, RandomNoise, random_affine, random_flip, random_light, repeated, symmetric
from opom_edu.masks.gradients import convolutions
from opom_edu.masks.loop import Gradient, Run
from opom_edu.masks.loop import gradient as gradient_of
from opom_edu.masks.preset import BUDGET, TRANSFORMS
from opom_edu.recognizers import BLACK_BOXES, Recognizer

SMALL = ("ir-softmax", "mobilefacenet-softmax", "ir-sface", "inception-softmax")  # of the zoo, which knows no real people
BASE = "strong without symmetric steps"  # to which each part is added
Fit = Callable[[Tensor], Mask]


def mirrored(images: Tensor) -> Tensor:
    return torch.cat([images, images.flip(-1)])


def augmented(images: Tensor) -> Tensor:
    """The photos, and each once as the preset's transforms show it: a larger hull."""
    generator = torch.Generator().manual_seed(0)
    more = images
    for transform in TRANSFORMS:
        more = transform(more, generator)
    return torch.cat([images, more])


def noisy(images: Tensor, generator: torch.Generator) -> Tensor:
    return (images + 8 / 255 * (2 * torch.rand(images.shape, generator=generator) - 1)).clamp(0, 1)


def beside(others: Mapping[str, float]) -> GradientChange:
    """Further surrogates by weight, each with a center and a loss of its own, balanced by the size of their gradients."""

    def change(gradient: Gradient, run: Run) -> Gradient:
        finds = [(gradient, 1.0)]
        for name, weight in others.items():
            own = load_recognizer(name).frozen()

            def embed(images: Tensor, own: Recognizer = own) -> Tensor:
                return own.embed(images.flatten(0, 1)).unflatten(0, images.shape[:2])

            objective = OPOM(own, hull="center").objective(embed(run.images), own)
            finds.append((gradient_of(replace(run, surrogate=own, looks=[]), objective, embed, TRANSFORMS), weight))
        return lambda masked: sum((weight * unit(find(masked)) for find, weight in finds), torch.zeros(()))

    return change


def unit(gradient: Tensor) -> Tensor:
    return gradient / gradient.abs().mean((1, 2, 3), keepdim=True).clamp_min(torch.finfo(gradient.dtype).tiny)


def flatness(radius: float = 4 / 255) -> GradientChange:
    """The gradient where the surrogate resists most nearby: Reverse Adversarial Perturbation, arXiv 2210.05968, one step."""

    def change(gradient: Gradient, run: Run) -> Gradient:
        return lambda masked: gradient((masked - radius * gradient(masked).sign()[:, None]).clamp(0, 1))

    return change


def middle_features(share: float = 0.6, weight: float = 1.0) -> GradientChange:
    """Also leave the clean photos' features at a layer in the middle of the network."""

    def change(gradient: Gradient, run: Run) -> Gradient:
        layers = convolutions(run.surrogate)
        layer = layers[int(share * len(layers))]

        def features(images: Tensor) -> Tensor:
            kept: list[Tensor] = []
            with layer.register_forward_hook(lambda _layer, _inputs, output: kept.append(output)):
                run.surrogate.forward(images.flatten(0, 1))
            return kept[0].flatten(1)

        with torch.no_grad():
            clean = features(run.images)

        def find(masked: Tensor) -> Tensor:
            first = gradient(masked)
            with torch.enable_grad():
                looked = masked.detach().requires_grad_()
                far = 1 - cosine_similarity(features(looked), clean)
                (found,) = torch.autograd.grad(far.sum(), looked)
            return unit(first) + weight * unit(found.mean(1))

        return find

    return change


def ended_softly(method: OPOM) -> Fit:
    """40 more steps, each a quarter as large."""
    end = replace(method, steps=40, step_size=method.step_size / 4)

    def fit(images: Tensor) -> Mask:
        *_, last = end.iterate(images, start=method.fit(images).delta)
        return Mask(last.delta, method.eps, end.recipe())

    return fit


def parts(surrogate: Recognizer) -> dict[str, Fit]:
    base = replace(strong(surrogate), gradients=BUDGET)
    light, noise = (*TRANSFORMS, random_light()), (*TRANSFORMS, noisy)

    def on(prepare: Callable[[Tensor], Tensor], **changed: Any) -> Fit:
        return lambda images: replace(base, **changed).fit(prepare(images))

    def changed(**fields: Any) -> Fit:
        return replace(base, **fields).fit

    all_small: dict[str, Any] = {"hull": "center", "step_size": 2 / 255, "transforms": (*light, noisy)}
    even: dict[str, Any] = {"gradients": [symmetric(), *BUDGET]}
    wider = random_flip(), random_affine(10, 0.1, 0.06), *TRANSFORMS[2:], random_light(), noisy
    return {
        "random noise": RandomNoise().fit,
        "OPOM convex": OPOM(surrogate).fit,
        BASE: base.fit,
        "strong": strong(surrogate).fit,
        "+ mirror images": on(mirrored),
        "+ mirror images, 80 steps": on(mirrored, steps=80),
        "+ changed copies": on(augmented),
        "+ four draws a step": changed(gradients=[repeated(4), *BUDGET]),
        "+ noise on each look": changed(transforms=noise),
        "+ light": changed(transforms=light),
        "+ class center": changed(hull="center"),
        "+ steps of two levels": changed(step_size=2 / 255),
        "+ 200 steps of half a level": changed(steps=200, step_size=0.5 / 255),
        "+ 40 small steps at the end": ended_softly(base),
        "+ flatness": changed(gradients=[flatness(), *BUDGET]),
        "+ features of a middle layer": changed(gradients=[middle_features(), *BUDGET]),
        "+ four small networks": changed(gradients=[beside(dict.fromkeys(SMALL, 0.25)), *BUDGET]),
        "light, noise, center, steps of two": changed(**all_small),
        "mirror images, light, noise, center, steps of two": on(mirrored, **all_small),
        "mirror images and these, 80 steps": on(mirrored, **all_small, steps=80),
        "symmetric steps, light, noise, center, steps of two": changed(**all_small, **even),
        "symmetric steps of two levels": changed(step_size=2 / 255, **even),
        "symmetric steps of two levels, center": changed(hull="center", step_size=2 / 255, **even),
        "symmetric steps, two draws each, 65 steps": changed(
            steps=65, step_size=1.5 / 255, gradients=[repeated(2), symmetric(), *BUDGET]
        ),
        "symmetric steps, larger affine maps, light, noise, center, steps of two": changed(
            **all_small | {"transforms": wider}, **even
        ),
    }


JUDGES = {"dlib": ("dlib", "dlib-torch"), "zoo": tuple(BLACK_BOXES[:-1])}


def learn(name: str, images: Tensor) -> tuple[Mask, float]:
    """A mask and the seconds it took; by name, so that another process can do it."""
    torch.set_num_threads(1)
    fit = parts(load_recognizer("mobilefacenet"))[name]
    start = time.process_time()
    return fit(images), time.process_time() - start


def measured(part: str, judges: tuple[str, ...], people: People, path: Path, chosen: list[str]) -> None:
    rows: list[dict[str, Any]] = json.loads(path.read_text())["rows"] if path.exists() else []
    surrogate = load_recognizer("mobilefacenet")
    bench = Bench(people, [load_recognizer(name) for name in judges], ranks=(1,))
    for name in parts(surrogate):
        done = any((row["people"], row["judge"], row["masks"]) == (part, judges[0], name) for row in rows)
        if done or (chosen and name not in chosen):
            continue
        jobs = (delayed(learn)(name, person.train) for person in people.values())
        learned = list(Parallel(n_jobs=-1)(jobs))
        masks = dict(zip(people, (mask for mask, _ in learned), strict=True))
        tables = {judge.name: bench.rate(judge, masks, surrogate) for judge in bench.recognizers.values()}
        quality = {"ssim": float(mask_quality(people, masks)["ssim"]), "seconds": float(np.mean([s for _, s in learned]))}
        if name == "random noise":
            rows += told(
                {"people": part, "masks": "unprotected"},
                {judge: table["unprotected_1"] for judge, table in tables.items()},
                rows,
            )
        rows += told(
            {"people": part, "masks": name} | quality, {judge: table["psr_1"] for judge, table in tables.items()}, rows
        )
        report("transfer", rows, out=path.parent, note="percent, 95 % intervals over people")


def told(first: dict[str, Any], rates: dict[str, pd.Series], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A row for each judge."""
    made = []
    for judge, values in rates.items():
        made.append(first | {"judge": judge, **bounds("", values), "each": values.round(2).tolist()})
        like = {"people": first["people"], "masks": BASE, "judge": judge}
        for row in rows:
            if like.items() <= row.items():
                made[-1] |= bounds("more_", values - np.array(row["each"]))
    return made


def bounds(prefix: str, values: pd.Series) -> dict[str, float]:
    low, high = interval(values.to_numpy()[:, None])
    figures = {"mean": values.mean(), "low": low, "high": high}
    return {prefix + key: round(float(value), 1) for key, value in figures.items()}


def main() -> None:
    parser = arguments(__doc__, out=TABLES)
    parser.add_argument("part", choices=("choice", "report"))
    parser.add_argument("--judges", default="dlib", choices=tuple(JUDGES))
    parser.add_argument("--rows", nargs="*", default=[], help="the masks to learn; by default all")
    options = parser.parse_args()
    if not os.environ.get("OPOM_EDU_REAL"):
        parser.error(
            "OPOM_EDU_REAL must name a folder with real people's faces and models; nothing real is in the repository"
        )
    people = real(options.part, 0, 0)[0]
    if options.tiny:
        people = People(list(people.values())[:2], people.distractors[:20])
    rows = ["random noise", "OPOM convex"] if options.tiny else options.rows
    measured(options.part, JUDGES[options.judges], people, options.out / "transfer.json", rows)


if __name__ == "__main__":
    main()
