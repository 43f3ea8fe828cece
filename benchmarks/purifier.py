"""The washing machine: a purifier that learned from other people's masks, and who wins in which order of moves.

    python benchmarks/purifier.py learn           the adversary's purifiers, the first of which comes with the package
    python benchmarks/purifier.py [--people 50]   the table of all orders of moves, on report people

The adversary uses the public tool on 240 people of its own: masks by OPOM (convex) on ``ir-softmax`` of 4, 8 and 12 levels,
and each photo once without. ``purifier`` has learned from these. A user answers with masks learned through JPEG, through
the purifier, or through either at each step. The adversary answers with ``purifier 2``, which has also seen 120 people's
masks that were learned through the first; the user with masks learned through that. Rank-1 PSR in percent, the mean of
the six black boxes among 500 strangers, with 95 % intervals over people; PSNR of the washed photos to the clean ones in dB.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from common import TABLES, arguments, report

from opom_edu import OPOM, People, load_people, load_recognizer
from opom_edu.evaluation.changes import jpeg
from opom_edu.evaluation.purifier import Purifier, learn_purifier, moves
from opom_edu.experiments.study import bands
from opom_edu.faces import quantize
from opom_edu.faces.images import as_floats
from opom_edu.faces.seeds import PURIFIER, REPORT
from opom_edu.faces.synthetic import render_people
from opom_edu.masks import Mask, Transform, one_of, random_jpeg
from opom_edu.recognizers import BLACK_BOXES, SURROGATE

EACH, LEARN = 12, 10  # photos of each of the adversary's people, those that masks are learned from
FOLDER = Path("out/purifier")
QUALITY = 75
JUDGES = [name for name in BLACK_BOXES if name != "dlib"]


def own_people(count: int) -> torch.Tensor:
    """The adversary's photos ``(P, EACH, 3, 112, 112)``."""
    album = render_people(range(PURIFIER, PURIFIER + count), EACH, regime="mixed")
    return as_floats(album.images).unflatten(0, (count, EACH))


def masked(photos: torch.Tensor, masks: list[Mask]) -> torch.Tensor:
    return torch.cat([quantize(mask.apply(own)) for mask, own in zip(masks, photos, strict=True)])


def learn(count: int, folder: Path, epochs: int) -> None:
    """Both purifiers, where ``folder`` lacks them."""
    surrogate, photos = load_recognizer(SURROGATE), own_people(count)
    train, clean = [own[:LEARN] for own in photos], photos.flatten(0, 1)

    def pairs(*learners: OPOM) -> torch.Tensor:
        made = []
        for learner in learners:
            parts = [replace(learner, eps=eps / 255).fit_many(train[k::3]) for k, eps in enumerate((4, 8, 12))]
            made.append(masked(photos, [parts[i % 3][i // 3] for i in range(count)]))  # a third of the people each
            print(f"masks of {count} people learned", flush=True)
        return torch.cat([clean, *made])

    def told(share: float, loss: float) -> None:
        if round(1e4 * share) % 50 == 0:
            print(f"{share:.1%}, loss {loss:.5f}", flush=True)

    first, second = folder / "purifier.safetensors", folder / "purifier_2.safetensors"
    folder.mkdir(parents=True, exist_ok=True)
    plain = pairs(OPOM(surrogate), OPOM(surrogate, seed=1, hull="center"))
    if not first.exists():
        learn_purifier(clean.repeat(3, 1, 1, 1), plain, surrogate, epochs=epochs, on_step=told).save(first)
    if not second.exists():
        purifier = Purifier.load(first)
        half = photos[: count // 2]
        masks = OPOM(surrogate, transforms=[purifier]).fit_many(train[: count // 2])
        print("masks learned through the first purifier", flush=True)
        known, wanted = torch.cat([plain, masked(half, masks).repeat(3, 1, 1, 1)]), clean.repeat(3, 1, 1, 1)
        wanted = torch.cat([wanted, half.flatten(0, 1).repeat(3, 1, 1, 1)])
        epochs = max(1, epochs // 2)
        taught = learn_purifier(wanted, known, surrogate, epochs=epochs, rate=1e-3, start=purifier, on_step=told)
        taught.save(second)


def table(people: People, folder: Path) -> list[dict[str, object]]:
    """A row per masks and washing."""
    surrogate, train = load_recognizer(SURROGATE), [person.train for person in people.values()]
    one, two = (Purifier.load(folder / f"{name}.safetensors") for name in ("purifier", "purifier_2"))
    through: dict[str, tuple[Transform, ...]] = {
        "OPOM convex": (),
        "... through JPEG": (random_jpeg(QUALITY, QUALITY),),
        "... through the purifier": (one,),
        "... through nothing, JPEG or the purifier": (one_of(lambda photos, _: photos, random_jpeg(QUALITY, QUALITY), one),),
        "... through purifier 2": (two,),
    }
    masks = {}
    for name, transforms in through.items():
        masks[name] = OPOM(surrogate, transforms=transforms).fit_many(train)
        print(name, flush=True)
    saved = partial(jpeg, quality=QUALITY)
    washings: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
        "nothing": lambda photos: photos,
        f"JPEG {QUALITY}": saved,
        "purifier": one.wash,
        f"JPEG {QUALITY}, then purifier": lambda photos: one.wash(saved(photos)),
        "purifier 2": two.wash,
    }
    found = moves([load_recognizer(name) for name in JUDGES], people, masks, washings).assign(seed=0)
    rows = bands(found, ["masks", "washed"]).assign(psnr=bands(found, ["masks", "washed"], "psnr")["mean"])
    return json.loads(rows.round(2).rename(columns={"mean": "psr_1"}).to_json(orient="records"))


def main() -> None:
    parser = arguments(__doc__, out=TABLES)
    parser.add_argument("what", nargs="?", default="table", choices=["table", "learn"])
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="of the purifiers")
    options = parser.parse_args()
    if options.what == "learn":
        learn(6 if options.tiny else 240, options.folder, 1 if options.tiny else 4)
        return
    people = load_people("synthetic", count=4 if options.tiny else options.people, seed=REPORT, distractors=500)
    report("purifier", table(people, options.folder), out=options.out, note="rank-1 PSR in %, 95 % intervals over people")


if __name__ == "__main__":
    main()
