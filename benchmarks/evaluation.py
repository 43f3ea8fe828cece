"""Identification against many distractors: does its time grow as they do, and what memory does it take?

    python benchmarks/evaluation.py [--million]

2,500 probes of 250 people, ten clean photos each, and distractors, all random embeddings of 512 numbers; rank 1, 5 and 10.
"ratio" is the time for ten times as many distractors over ten times the time: 1 is linear. Beside it, for as many
distractors as its memory allows, the whole matrix of similarities. Peak memory is that of a process of its own, with what
torch and pandas take. Then the embeddings of the demo set read from the cache beside computed.
"""

from __future__ import annotations

import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import torch
from common import arguments, in_turn, peak_memory, plot, ratio, report, report_memory
from torch.nn import functional

from opom_edu.evaluation import Gallery, rates
from opom_edu.faces import People, Person, load_people
from opom_edu.recognizers import Recognizer, load_recognizer

PEOPLE, PHOTOS = 250, 10
WHOLE = 10_000  # distractors up to which the whole matrix is tried


def gallery_of(distractors: int, dim: int) -> Gallery:
    generator = torch.Generator().manual_seed(0)

    def drawn(count: int) -> torch.Tensor:
        made = torch.empty(count, dim)
        for part in made.split(10_000):  # so that drawing them costs no memory of its own
            part.copy_(functional.normalize(torch.randn(part.shape, generator=generator), dim=-1))
        return made

    recognizer = Recognizer.from_callable(lambda images: images.flatten(1)[:, :dim], name="random")
    photo = torch.zeros(1, 3, 112, 112)  # nobody looks at it
    people = People([Person(str(i), photo, photo) for i in range(PEOPLE)])
    own = {name: drawn(PHOTOS) for name in people}
    return Gallery(recognizer, people, own, drawn(distractors))


def identify(gallery: Gallery, top: int | None = 10) -> dict[str, float]:
    probes = gallery.probes(top=top)
    return rates(probes, probes)


def cached(rounds: int) -> dict[str, object]:
    recognizer, people = load_recognizer("ir-softmax"), load_people("synthetic")
    with tempfile.TemporaryDirectory() as folder:
        times = in_turn(
            {
                "computed": lambda: Gallery.of(recognizer, people),
                "cached": lambda: Gallery.of(recognizer, people, cache=Path(folder)),
            },
            rounds,
            time.process_time,
        )
    return {"what": "clean embeddings, computed / from the cache", "ratio": ratio(times, "computed", "cached")}


def main() -> None:
    parser = arguments(__doc__, rounds=3)
    parser.add_argument("--million", action="store_true", help="also a million, of 128 numbers each")
    parser.add_argument("--one", nargs=2, type=int, metavar=("DISTRACTORS", "DIM"), help="only this, for its memory")
    options = parser.parse_args()
    if options.one:
        identify(gallery_of(*options.one))
        report_memory()
        return
    torch.set_num_threads(1)
    sizes = [(100, 512), (1000, 512)] if options.tiny else [(1000, 512), (10_000, 512), (100_000, 512)]
    if options.million:
        sizes += [(100_000, 128), (1_000_000, 128)]
    galleries = {size: gallery_of(*size) for size in sizes}
    tasks = {f"{size}": partial(identify, gallery) for size, gallery in galleries.items()}
    whole = max(size for size in sizes if size[0] <= WHOLE)
    tasks["whole"] = partial(identify, galleries[whole], None)
    if identify(galleries[whole]) != identify(galleries[whole], None):
        raise AssertionError("the largest similarities do not give the rates of the whole matrix")
    times = in_turn(tasks, options.rounds, time.process_time)
    rows: list[dict[str, object]] = []
    for size in sizes:
        smaller = (size[0] // 10, size[1])
        row = {"what": "identification", "distractors": size[0], "dim": size[1], "seconds": float(times[f"{size}"].min())}
        if smaller in sizes:
            row["ratio"] = ratio(times, f"{size}", f"{smaller}") / 10
        if sys.platform == "linux":
            row["peak MB"] = peak_memory(__file__, "--one", *map(str, size))
        rows.append(row)
    seconds = rows
    rows = [*rows, {"what": f"the whole matrix of {whole[0]} / its largest", "ratio": ratio(times, "whole", f"{whole}")}]
    rows.append(cached(options.rounds))
    report("evaluation", rows, out=options.out, note="2,500 probes, one thread, seconds of the processor")
    plot("evaluation", seconds, x="distractors", y="seconds", by="dim", out=options.out)


if __name__ == "__main__":
    main()
