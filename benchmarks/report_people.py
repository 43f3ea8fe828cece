"""Masks on 100 people whom no choice ever saw: how often black boxes that learned other people still find them.

    python benchmarks/report_people.py                          500 and 2,000 distractors, "report" people
    python benchmarks/report_people.py --development            24 "development" people: to choose by
    python benchmarks/report_people.py --shared FOLDER          also those black boxes of FOLDER that learned the surrogate's
                                                                people (opom-edu train --shared --out FOLDER)
    python benchmarks/report_people.py --device cuda            minutes on a GPU, an hour on two cores
    python benchmarks/report_people.py --rows strong            these masks anew; the file's other rows stay

Masks are learned on ``ir-softmax``, eps 8/255. Top-1 PSR in percent on each of the six black boxes and their mean, with the
95 % interval over people, and the masks' PSNR and SSIM.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
from common import arguments, report

from opom_edu import OPOM, FIUAPPlus, People, Recognizer, load_people, load_recognizer
from opom_edu.evaluation import mask_quality
from opom_edu.experiments import Bench, bands
from opom_edu.faces.seeds import DEVELOPMENT, REPORT
from opom_edu.masks import FIUAP, Cloak, Learner, RandomNoise, strong
from opom_edu.masks.preset import BUDGET
from opom_edu.recognizers import BLACK_BOXES, SURROGATE

OURS = [name for name in BLACK_BOXES if name != "dlib"]


def methods(surrogate: Recognizer) -> dict[str, Learner[Any]]:
    return {
        "random noise": RandomNoise(),
        "FI-UAP": FIUAP(surrogate),
        "FI-UAP+": FIUAPPlus(surrogate),
        **{f"OPOM {hull}": OPOM(surrogate, hull=hull) for hull in ("affine", "center", "convex")},
        "strong without symmetric steps": replace(strong(surrogate), gradients=BUDGET),
        "strong": strong(surrogate),
    }


@contextmanager
def weights(folder: Path | None) -> Iterator[None]:
    """Recognizers are looked for in ``folder`` first."""
    before = os.environ.get("OPOM_EDU_WEIGHTS", "")
    if folder is not None:
        os.environ["OPOM_EDU_WEIGHTS"] = f"{folder}{os.pathsep}{before}"
    yield
    os.environ["OPOM_EDU_WEIGHTS"] = before


def measured(
    people: People,
    masks: Mapping[str, Mapping[str, Cloak]],
    targets: Sequence[Recognizer],
    surrogate: Recognizer,
    crowd: int,
) -> list[dict[str, object]]:
    """A row per method: PSR by target and their mean with its interval; the first row is without masks."""
    bench = Bench(People(list(people.values()), people.distractors[:crowd]), targets, ranks=(1,))
    rates = {name: pd.concat([bench.rate(target, own, surrogate) for target in targets]) for name, own in masks.items()}
    bare = next(iter(rates.values())).assign(psr_1=lambda table: table["unprotected_1"])
    rows: list[dict[str, object]] = []
    for name, table in {"unprotected": bare, **rates}.items():
        by_target = table.groupby("recognizer", sort=False)["psr_1"].mean().round(1).to_dict()
        overall = bands(table.assign(seed=0, method=name), ["method"]).iloc[0]
        mean = {key: round(float(overall[key]), 1) for key in ("mean", "low", "high")}
        rows.append({"masks": name, "distractors": str(crowd)} | by_target | mean)
    return rows


def sides(shared: Path | None, names: list[str]) -> Iterator[tuple[str, Path | None, list[str]]]:
    """Whom the targets learned, where they lie, and their names; those of ``shared`` beside the same ones as shipped."""
    yield "disjoint", None, names
    if shared is not None:
        there = [name for name in names if (shared / f"{name}.json").exists()]
        yield "disjoint, the same recognizers", None, there
        yield "shared", shared, there


def merged(before: list[dict[str, object]], rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """The rows of ``before``, those that were measured anew in their places."""
    keys = ("learned people", "distractors", "masks")
    anew = {tuple(row[key] for key in keys): row for row in rows}
    return [anew.get(tuple(row[key] for key in keys), row) for row in before]


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--development", action="store_true", help="24 development people in place of 100 report people")
    parser.add_argument("--distractors", type=int, nargs="+", default=[500, 2000], help="sizes of the crowd")
    parser.add_argument("--shared", type=Path, help="folder with black boxes that learned the surrogate's people")
    parser.add_argument("--rows", nargs="*", default=[], help="the masks to learn; by default all")
    parser.add_argument("--device", default="cpu", help="where masks are learned and tried: cpu, cuda")
    options = parser.parse_args()
    crowds = [20] if options.tiny else options.distractors
    count = 2 if options.tiny else 24 if options.development else 100
    seed = DEVELOPMENT if options.development else REPORT
    people = load_people("synthetic", count=count, seed=seed, distractors=max(crowds))
    surrogate = load_recognizer(SURROGATE, device=options.device)
    masks, qualities = {}, {}
    for name, method in methods(surrogate).items():
        if name in (options.rows or methods(surrogate)) and (not options.tiny or name in ("random noise", "OPOM convex")):
            own = method.fit_many([person.train for person in people.values()])
            masks[name] = dict(zip(people, own, strict=True))
            quality = mask_quality(people, masks[name])
            qualities[name] = {key: round(float(quality[key].mean()), 3) for key in ("psnr", "ssim")}
            print(name, qualities[name], flush=True)
    rows = []
    for side, folder, names in sides(options.shared, OURS[:1] if options.tiny else OURS):
        with weights(folder):
            targets = [load_recognizer(name, device=options.device) for name in names]
        for crowd in crowds if side == "disjoint" else crowds[:1]:
            found = measured(people, masks, targets, surrogate, crowd)
            rows += [{"learned people": side} | row | qualities.get(str(row["masks"]), {}) for row in found]
    own = measured(people, masks, [surrogate], surrogate, crowds[0])
    rows += [{"learned people": "white box"} | row | qualities.get(str(row["masks"]), {}) for row in own]
    name = "development_people" if options.development else "report_people"
    if options.rows:
        rows = merged(json.loads((options.out / f"{name}.json").read_text())["rows"], rows)
    report(name, rows, out=options.out, note=f"{len(people)} people; top-1 PSR in %, 95 % interval over people")


if __name__ == "__main__":
    main()
