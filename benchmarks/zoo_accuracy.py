"""How well each recognizer knows people whom no choice ever saw: 100 "report" people, 10 photos each, 1,000 distractors.

    python benchmarks/zoo_accuracy.py [--cards FOLDER]

Prints AUC, TAR at a false-accept rate of 0.1 % and rank-1 over all photos, then rank-1 by group and by pose; and at the
thresholds that come with the recognizer (``Recognizer.thresholds``) the true false-match rate among the distractors, all
pairs of one photo each, with the 95 % interval over people. With --cards the thresholds are measured first, on
development people, and all goes into the cards in FOLDER.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from common import arguments, report

from opom_edu.evaluation.accuracy import accuracy
from opom_edu.faces.seeds import REPORT
from opom_edu.faces.synthetic import FIRST_SEED, SEEDS_PER_SET, Album, render_people
from opom_edu.files import replacing
from opom_edu.recognizers import available, load_recognizer
from opom_edu.recognizers.recipes import RECIPES
from opom_edu.recognizers.thresholds import thresholds_in
from opom_edu.training.calibration import add_thresholds

FIRST = FIRST_SEED + REPORT * SEEDS_PER_SET
PEOPLE, PHOTOS, DISTRACTORS, RESAMPLES = 100, 10, 1000, 1000


def main(cards: Path | None, out: Path, tiny: bool, device: str) -> None:
    known = render_people(range(FIRST, FIRST + PEOPLE), 2 * PHOTOS)
    learned = np.tile(np.arange(2 * PHOTOS) < PHOTOS, PEOPLE)
    others = render_people(range(FIRST + SEEDS_PER_SET // 2, FIRST + SEEDS_PER_SET // 2 + DISTRACTORS), 1)
    images = np.concatenate([known.images[~learned], others.images])
    labels = np.concatenate([known.labels[~learned], others.labels + PEOPLE])
    groups = groups_of(known, ~learned)
    table = []
    for name in [*RECIPES, *(one.name for one in available(["dlib"]))][: 1 if tiny else None]:
        recognizer = load_recognizer(name, device="cpu" if name == "dlib" else device)
        if cards is not None:
            add_thresholds(cards / f"{name}.json", recognizer)
            recognizer.thresholds = thresholds_in(json.loads((cards / f"{name}.json").read_text()))
        batches = (torch.from_numpy(part).permute(0, 3, 1, 2).float() / 255 for part in np.array_split(images, 40))
        features = torch.cat([recognizer.embed(batch).cpu() for batch in batches]).numpy()
        found = {"all": accuracy(features, labels, np.ones(len(labels), bool))}
        for group, among in groups.items():
            found[group] = accuracy(features, labels, np.concatenate([among, np.zeros(DISTRACTORS, bool)]))
        rates = {fmr: false_matches(features[-DISTRACTORS:], line) for fmr, line in recognizer.thresholds.items()}
        row = asdict(found["all"]) | {group: result.rank1 for group, result in found.items() if group != "all"}
        for fmr, (rate, low, high) in rates.items():
            row |= {f"FMR at {fmr:g}": rate, f"low at {fmr:g}": low, f"high at {fmr:g}": high}
        table.append({"recognizer": name} | {key: round(100 * float(value), 4) for key, value in row.items()})
        if cards is not None:
            figures = {group: {k: round(v, 4) for k, v in asdict(result).items()} for group, result in found.items()}
            add_to_card(
                cards / f"{name}.json", figures, {f"{fmr:g}": np.round(rate, 6).tolist() for fmr, rate in rates.items()}
            )
    report("zoo_accuracy", table, out=out, note=f"{PEOPLE} report people x {PHOTOS} photos, {DISTRACTORS} distractors; in %")


def groups_of(album: Album, used: np.ndarray) -> dict[str, np.ndarray]:
    """Photos by skin group, sex and age, and by how far the head is turned."""
    about = album.conditions[used]
    turned = about["yaw"].abs().to_numpy()
    return {
        **{str(group): (about["skin"] == group).to_numpy() for group in ("light", "medium", "dark")},
        "women": (about["sex"] == "female").to_numpy(), "men": (about["sex"] == "male").to_numpy(),
        "below 45": (about["age"] < 45).to_numpy(), "45 and above": (about["age"] >= 45).to_numpy(),
        "yaw < 10": turned < 10, "yaw 10-20": (turned >= 10) & (turned < 20), "yaw > 20": turned >= 20,
    }  # fmt: skip


def false_matches(features: np.ndarray, line: float) -> tuple[float, float, float]:
    """Share of the pairs of these people, one photo ``(N, D)`` each, above the line; and its interval over people."""
    above = (features @ features.T > line).astype(np.float32)
    np.fill_diagonal(above, 0)
    count = len(above)
    drawn = np.random.default_rng(0).multinomial(count, np.full(count, 1 / count), RESAMPLES).astype(np.float32)
    rates = ((drawn @ above) * drawn).sum(1) / (count**2 - (drawn**2).sum(1))  # a person is never paired with itself
    low, high = np.quantile(rates, [0.025, 0.975])
    return float(above.sum() / (count * (count - 1))), float(low), float(high)


def add_to_card(path: Path, found: dict[str, dict[str, float]], rates: dict[str, list[float]]) -> None:
    card = json.loads(path.read_text())
    card["unseen"] = {
        "people": PEOPLE, "photos": PHOTOS, "distractors": DISTRACTORS, "seeds": [FIRST, FIRST + PEOPLE],
        "by": "python benchmarks/zoo_accuracy.py", "accuracy": found, "false_match_rates": rates,
    }  # fmt: skip
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(card, indent=1) + "\n")


if __name__ == "__main__":
    parser = arguments(__doc__)
    parser.add_argument("--cards", type=Path, help="folder of the cards to complete")
    parser.add_argument("--device", default="cpu", help="where the networks run: cpu, cuda")
    options = parser.parse_args()
    main(options.cards, options.out, options.tiny, options.device)
