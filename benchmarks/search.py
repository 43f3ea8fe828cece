"""The search engine: 100 report people among up to 100,000 enrolled photos, open set, masks on either side or both.

    python benchmarks/later.py          first: the later recognizer
    python benchmarks/search.py         then: everything else; stopped at any time, the same command goes on where it was
    python benchmarks/search.py memory  peak memory of the largest gallery's search

Everybody is enrolled with five photos: galleries of 1,000, 10,000 and 100,000 photos are 200, 2,000 and 20,000 people. The
strangers are rendered and embedded in batches, kept in the cache of people and in ``--cache``; the repository has the table.
Masks were learned on ``ir-softmax``, by OPOM (convex), and once with ``dispersal=1``. Missed at rank 1, 10 and 50 (closed
set), and FNIR at the thresholds that a given share of 2,000 people who are not enrolled passes; in percent, with 95 %
intervals over people. ``ir-wide, later`` is twice as wide as the surrogate, and was trained after the masks were made.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from common import TABLES, arguments, peak_memory, report, report_memory
from later import FOLDER as LATER
from later import later

from opom_edu import OPOM, People, Recognizer, load_people, load_recognizer
from opom_edu.evaluation.embeddings import embedder
from opom_edu.evaluation.groups import interval
from opom_edu.evaluation.search import FPIRS, search_rows, searches
from opom_edu.faces.images import as_floats
from opom_edu.faces.seeds import REPORT
from opom_edu.faces.synthetic import FIRST_SEED, SEEDS_PER_SET, render_people, synthetic_distractors
from opom_edu.recognizers import BLACK_BOXES, SURROGATE

EACH, BATCH = 5, 200  # photos enrolled per person, people embedded at a time
FIRST = FIRST_SEED + REPORT * SEEDS_PER_SET + 600_000  # first seed of the enrolled strangers
GALLERIES = (1_000, 10_000, 100_000)  # photos
RANKS = (1, 10, 50)
CACHE = Path("out/search")


def strangers(recognizer: Recognizer, people: int, cache: Path) -> torch.Tensor:
    """``(people, EACH, D)``; of their photos one batch is in memory at a time."""
    embed, found = embedder(recognizer, cache), []
    for start in range(0, people, BATCH):
        seeds = range(FIRST + start, FIRST + min(start + BATCH, people))
        found.append(embed(as_floats(render_people(seeds, EACH, on_progress=lambda share: None).images)))
    return torch.cat(found).unflatten(0, (people, EACH))


def outsiders(recognizer: Recognizer, people: int, cache: Path) -> torch.Tensor:
    embed = embedder(recognizer, cache)
    return torch.cat([embed(photos) for photos in synthetic_distractors(people, seed=REPORT)])


def measured(
    recognizer: Recognizer, people: People, masks: Any, sizes: list[int], outside: int, cache: Path
) -> pd.DataFrame:
    """A row per gallery, masks, side and person."""
    everybody, others = strangers(recognizer, max(sizes) // EACH, cache), outsiders(recognizer, outside, cache)
    fpirs = [fpir for fpir in FPIRS if fpir * outside >= 1]
    ranks = [rank for rank in RANKS if rank < min(sizes) // EACH]
    rows: list[dict[str, Any]] = []
    for size in sizes:
        enrolled = everybody[: size // EACH - len(people)]
        for name, side, found in searches(recognizer, people, masks, enrolled, others, enrolled=EACH):
            given = {"gallery": size, "masks": name, "worn by": side}
            rows += (given | row for row in search_rows(found, list(people), ranks, fpirs))
    return pd.DataFrame(rows)


def summed(table: pd.DataFrame, recognizer: str) -> list[dict[str, Any]]:
    """A row per gallery, masks, side and measure, with its interval over people."""
    by, rows = ["gallery", "masks", "worn by"], []
    for group, part in table.groupby(by, sort=False):
        for measure in table.columns.drop([*by, "person"]):
            low, high = interval(part[measure].to_numpy()[:, None])
            found = {"mean": part[measure].mean(), "low": low, "high": high}
            what, place = measure.split("_")  # such as missed_10, at rank 10, or fnir_0.01, at a FPIR of 1 %
            place = (
                {"measure": "missed", "at": int(place)}
                if what == "missed"
                else {"measure": "FNIR", "at": 100 * float(place)}
            )
            given = {"recognizer": recognizer, **dict(zip(by, group, strict=True)), **place}
            rows.append(given | {key: round(float(value), 1) for key, value in found.items()})
    return rows


def main() -> None:
    parser = arguments(__doc__, out=TABLES)
    parser.add_argument("what", nargs="?", default="table", choices=["table", "memory", "largest"])
    parser.add_argument("--people", type=int, default=100)
    parser.add_argument("--cache", type=Path, default=CACHE, help="folder of embeddings")
    options = parser.parse_args()
    count, outside, sizes = (3, 40, [50, 100]) if options.tiny else (options.people, 2_000, list(GALLERIES))
    if options.what == "memory":
        peak = round(peak_memory(__file__, "largest", "--cache", str(options.cache), *(["--tiny"] if options.tiny else [])))
        report("search_memory", [{"enrolled photos": max(sizes), "peak MB": peak}], out=options.out)
        return
    people = load_people("synthetic", count=count, seed=REPORT, distractors=0)
    surrogate, train = load_recognizer(SURROGATE), [person.train for person in people.values()]
    masks = {"OPOM convex": OPOM(surrogate).fit_many(train)}
    if options.what == "largest":
        measured(load_recognizer("ir-arcface"), people, masks, [max(sizes)], outside, options.cache)
        report_memory()
        return
    masks["with dispersal"] = OPOM(surrogate, dispersal=1).fit_many(train)
    judges = [load_recognizer(name) for name in BLACK_BOXES if name != "dlib"]
    last = later(
        LATER / "tiny" if options.tiny else LATER, **({"people": 8, "each": 4, "epochs": 1} if options.tiny else {})
    )
    tables = []
    for judge in [*judges, last]:
        tables.append(measured(judge, people, masks, sizes, outside, options.cache))
        print(judge.name, flush=True)
    by = ["gallery", "masks", "worn by", "person"]
    mean = pd.concat(tables[:-1]).groupby(by, sort=False, as_index=False).mean()
    rows = summed(mean, "mean of six") + summed(tables[-1], last.name)
    report("search", json.loads(json.dumps(rows)), out=options.out, note="percent, 95 % intervals over people")


if __name__ == "__main__":
    main()
