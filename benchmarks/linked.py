"""Do protected photos lead to one another? Plain and dispersed masks of real people, on dlib-torch and mobilefacenet.

    python benchmarks/linked.py [development | report]     skipped, with the reason, without OPOM_EDU_REAL

Top-1 PSR in percent where the probe is masked and the gallery clean, the other way round, and both masked, on each of the
two, with the 95 % interval over people; unprotected and random noise beside. The weight of dispersal was chosen on the six
development people; what is stated comes from the six report people. Each one's 30 other photos are tested among those of the
eleven others.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from common import arguments, report

from opom_edu import OPOM, People, load_people
from opom_edu.evaluation import enrolled
from opom_edu.evaluation.groups import interval
from opom_edu.masks import Mask
from opom_edu.recognizers import load_surrogate

WEIGHTS = (0.0, 0.5, 1.0, 2.0)
SIDES = {"probe": "masked probe", "gallery": "masked gallery", "both": "both masked"}


def _told(sides: pd.DataFrame, places: list[str], column: str) -> dict[str, str]:
    """Mean and interval over people, for each of the three sides."""
    told = {}
    for place, name in zip(places, SIDES.values(), strict=True):
        rates = sides.loc[place, column].to_numpy()
        low, high = interval(rates[:, None])
        told[name] = f"{np.mean(rates):.1f} ({max(0.0, low):.1f} to {min(100.0, high):.1f})"
    return told


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("half", nargs="?", default="report", choices=["development", "report"])
    args = parser.parse_args()
    real = Path(os.environ.get("OPOM_EDU_REAL", ""))
    if not (real / "faces").is_dir():
        print("linked: skipped, for there are no real faces; OPOM_EDU_REAL names their folder")
        return
    people = load_people(f"folder:{real / 'faces'}", train=10, test=30)
    chosen = list(people)[args.half == "report" :: 2][: 1 if args.tiny else None]
    surrogate, parts = load_surrogate(["dlib-torch", "mobilefacenet"])
    masks: dict[str, list[Mask]] = {}
    for weight in WEIGHTS:
        learned = OPOM(surrogate, dispersal=weight).fit_many([people[name].train for name in chosen])
        masks[f"dispersal {weight:g}" if weight else "plain"] = learned
    found = []
    for place, name in enumerate(chosen):
        others = torch.cat([people[other].test for other in people if other != name])
        alone = People([people[name]], distractors=others)
        found.append(enrolled(parts, alone, {method: {name: own[place]} for method, own in masks.items()}))
    table = pd.concat(found)
    rows: list[dict[str, object]] = []
    for (method, recognizer), own in table.groupby(["method", "recognizer"], sort=False):
        sides = own.set_index("masked")
        if method == "plain":
            rows.append({"masks": "nobody", "recognizer": recognizer} | _told(sides, ["nobody"] * 3, "psr_1"))
            rows.append({"masks": "random noise", "recognizer": recognizer} | _told(sides, [*SIDES], "noise_1"))
        rows.append({"masks": method, "recognizer": recognizer} | _told(sides, [*SIDES], "psr_1"))
    report(f"linked_{args.half}", rows, out=args.out, note=f"{len(chosen)} {args.half} people, surrogates {surrogate.name}")


if __name__ == "__main__":
    main()
