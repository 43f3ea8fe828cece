"""Who is protected less? Masks on 100 report people by group, and on the same people with a single cause changed.

    python benchmarks/fairness.py [--people 100] [--same 30]

PSR at rank 1 in percent, the mean of the six black boxes among 500 strangers; masks by OPOM (convex) on ``ir-softmax``.
Every row has the PSR without a mask and under random noise beside it. Groups of people are compared by Welch's test,
conditions of photos and versions of the same people by paired tests over people; ``corrected`` is p after Holm (1979).

The second part changes a single cause: 30 report people are rendered again with the skin tone in the middle of each of the
three groups, with every test photo turned, darker, or with glasses, and all else as it was: shape, hair, light, pose. With
another skin, gallery, training photos and probes are of one version; with another circumstance only the test photos are.
"""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
from common import TABLES, arguments, report
from synthetic_people.identity import SKINS

from opom_edu import OPOM, People, load_people, load_recognizer
from opom_edu.evaluation.groups import Found, compare_groups, compare_versions, corrected, failed_searches
from opom_edu.faces.causes import same_people
from opom_edu.faces.seeds import REPORT
from opom_edu.recognizers import BLACK_BOXES, SURROGATE

MASKS = "OPOM convex"
CAUSES: dict[str, dict[str, dict[str, Any]]] = {  # a version for each, by what is changed
    "the same people, skin": {skin: {"skin": skin} for skin in SKINS},
    "the same people, yaw": {f"{yaw} degrees": {"yaw": float(yaw)} for yaw in (0, 15, 30)},
    "the same people, exposure": {f"{share:.0%}": {"exposure": share} for share in (0.5, 1.0, 1.5)},
    "the same people, glasses": {"without": {"glasses": False}, "with": {"glasses": True}},
}


def measured(people: People) -> Found:
    masks = OPOM(load_recognizer(SURROGATE)).fit_many([person.train for person in people.values()])
    judges = [load_recognizer(name) for name in BLACK_BOXES if name != "dlib"]
    return failed_searches(judges, people, {MASKS: masks})


def main() -> None:
    parser = arguments(__doc__, out=TABLES)
    parser.add_argument("--people", type=int, default=100)
    parser.add_argument("--same", type=int, default=30, help="people who get another skin, and so on")
    options = parser.parse_args()
    count, same, crowd = (4, 3, 20) if options.tiny else (options.people, options.same, 500)
    people = load_people("synthetic", count=count, seed=REPORT, distractors=crowd)
    tables = [compare_groups(people, measured(people), MASKS)]
    for what, versions in CAUSES.items():
        found = {}
        for name, changed in versions.items():
            found[name] = measured(same_people(people.distractors, count=same, seed=REPORT, **changed))
            print(what, name, flush=True)
        tables.append(compare_versions(found, MASKS, what))
    table = corrected(pd.concat(tables, ignore_index=True))
    table = table.round(dict.fromkeys(table.columns.drop(["p", "corrected"]), 1))
    report(
        "fairness", json.loads(table.to_json(orient="records")), out=options.out, note="PSR in %, 95 % interval over people"
    )


if __name__ == "__main__":
    main()
