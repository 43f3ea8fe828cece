"""The thresholds that a recognizer ships with: measured on development people, written into its card with a checksum."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from opom_edu.evaluation.verification import threshold_at
from opom_edu.faces.images import as_floats
from opom_edu.faces.seeds import THRESHOLD_PEOPLE
from opom_edu.faces.synthetic import render_people
from opom_edu.files import replacing
from opom_edu.recognizers import Recognizer
from opom_edu.recognizers.thresholds import SHIPPED_FMRS, checksum

PEOPLE = 1000  # one photo each: 499,500 pairs
LEAST = 10  # false matches that a threshold rests on


def measure_thresholds(
    recognizer: Recognizer, weights: str, *, people: int = PEOPLE, on_progress: Callable[[float], None] | None = None
) -> dict[str, Any]:
    """The similarities that a share of 1e-2, 1e-3 and 1e-4 of the pairs of strangers exceeds, as a card holds them.

    Args:
        recognizer: embeds aligned crops.
        weights: SHA-256 of the file of the weights: the thresholds hold for no other.
        people: development people with one everyday photo each; rates with fewer than ten false matches are left out.
        on_progress: called with the share of the rendering that is done.

    Example:
        >>> measure_thresholds(surrogate, "0" * 64, people=48, on_progress=lambda share: None)["pairs"]
        1128
    """
    images = as_floats(render_people(range(THRESHOLD_PEOPLE, THRESHOLD_PEOPLE + people), 1, on_progress=on_progress).images)
    found = recognizer.embed(images).cpu()
    one, other = torch.triu_indices(people, people, 1)
    similar = (found @ found.T)[one, other]
    lines = {f"{fmr:g}": round(threshold_at(similar, fmr), 6) for fmr in SHIPPED_FMRS if len(similar) * fmr >= LEAST}
    seeds = [THRESHOLD_PEOPLE, THRESHOLD_PEOPLE + people]
    block = {"lines": lines, "pairs": len(similar), "people": people, "seeds": seeds, "weights": weights}
    return block | {"checksum": checksum(block)}


def add_thresholds(card: Path, recognizer: Recognizer, **options: Any) -> None:
    """Write the thresholds into a recognizer's card, whole or not at all.

    Args:
        card: the JSON file that :func:`opom_edu.training.loop.train` wrote.
        recognizer: that it describes.
        options: see :func:`measure_thresholds`.

    Raises:
        OSError: if the card cannot be read or written.

    Example:
        >>> _ = (folder / "card.json").write_text('{"sha256": "00"}')
        >>> add_thresholds(folder / "card.json", surrogate, people=48, on_progress=lambda share: None)
        >>> json.loads((folder / "card.json").read_text())["thresholds"]["weights"]
        '00'
    """
    told = json.loads(card.read_text())
    told["thresholds"] = measure_thresholds(recognizer, told["sha256"], **options)
    with replacing(card) as temporary:
        temporary.write_text(json.dumps(told, indent=1) + "\n")
