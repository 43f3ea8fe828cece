"""How well each recognizer of the zoo knows people it never saw: 100 of them, 10 photos each, and 1,000 distractors.

    python benchmarks/zoo_accuracy.py [--cards FOLDER]

Prints AUC, TAR at a false-accept rate of 0.1 % and rank-1 over all photos, then rank-1 by skin group and by pose; with
--cards also writes them into the cards (NAME.json) in FOLDER.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from common import arguments, report

from opom_edu.evaluation.accuracy import accuracy
from opom_edu.faces.synthetic import Album, render_people
from opom_edu.files import replacing
from opom_edu.recognizers import load_recognizer
from opom_edu.recognizers.recipes import RECIPES

FIRST, PEOPLE, PHOTOS, DISTRACTORS = 5_000_000, 100, 10, 1000


def main(cards: Path | None, out: Path, tiny: bool) -> None:
    known = render_people(range(FIRST, FIRST + PEOPLE), PHOTOS)
    others = render_people(range(FIRST + 10_000, FIRST + 10_000 + DISTRACTORS), 1)
    images, labels = np.concatenate([known.images, others.images]), np.concatenate([known.labels, others.labels + PEOPLE])
    groups = groups_of(known)
    rows = {}
    for name in list(RECIPES)[: 1 if tiny else None]:
        recognizer = load_recognizer(name)
        batches = (torch.from_numpy(part).permute(0, 3, 1, 2).float() / 255 for part in np.array_split(images, 40))
        features = torch.cat([recognizer.embed(batch) for batch in batches]).numpy()
        everybody = np.ones(len(labels), bool)
        found = {"all": accuracy(features, labels, everybody)}
        for group, among in groups.items():
            found[group] = accuracy(features, labels, np.concatenate([among, np.zeros(DISTRACTORS, bool)]))
        rows[name] = asdict(found["all"]) | {group: result.rank1 for group, result in found.items() if group != "all"}
        if cards is not None:
            figures = {group: {k: round(v, 4) for k, v in asdict(result).items()} for group, result in found.items()}
            add_to_card(cards / f"{name}.json", figures)
    table = [{"recognizer": name} | {key: 100 * float(value) for key, value in row.items()} for name, row in rows.items()]
    report("zoo_accuracy", table, out=out, note=f"{PEOPLE} unseen people x {PHOTOS} photos, {DISTRACTORS} distractors; in %")


def groups_of(album: Album) -> dict[str, np.ndarray]:
    """Photos by skin group and by how far the head is turned."""
    skin, turned = album.conditions["skin"].to_numpy(), album.conditions["yaw"].abs().to_numpy()
    return {
        **{group: skin == group for group in ("light", "medium", "dark")},
        "yaw < 10": turned < 10, "yaw 10-20": (turned >= 10) & (turned < 20), "yaw > 20": turned >= 20,
    }  # fmt: skip


def add_to_card(path: Path, found: dict[str, dict[str, float]]) -> None:
    card = json.loads(path.read_text())
    card["unseen"] = {
        "people": PEOPLE, "photos": PHOTOS, "distractors": DISTRACTORS, "seeds": [FIRST, FIRST + PEOPLE],
        "by": "python benchmarks/zoo_accuracy.py", "accuracy": found,
    }  # fmt: skip
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(card, indent=1) + "\n")


if __name__ == "__main__":
    parser = arguments(__doc__)
    parser.add_argument("--cards", type=Path, help="folder of the cards to complete")
    options = parser.parse_args()
    main(options.cards, options.out, options.tiny)
