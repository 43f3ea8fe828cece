"""Above which similarity two photos count as one person's, by recognizer, and on what that was calibrated."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from statistics import fmean
from typing import Any

from opom_edu.errors import WeightsError
from opom_edu.recognizers.recognizer import Recognizer, check_recognizer

SHIPPED_FMRS = (1e-2, 1e-3, 1e-4)  # the false-match rates whose thresholds a card holds
# On photos of real faces: similarity (cosine) above which two photos count as the same person, and on what it was
# calibrated; tests/protect measures both networks again. A recognizer trained on synthetic people has no threshold that real
# faces would keep to. dlib's own advice, a distance of 0.6, is a cosine of 0.917 at its embeddings' usual length of 1.47.
TWELVE = "59,400 pairs of the twelve public figures of benchmarks/RESULTS.md: false-match rate 1e-3"
THRESHOLDS = {"mobilefacenet": (0.380, TWELVE), "dlib": (0.923, TWELVE), "dlib-torch": (0.923, TWELVE)}


def threshold_of(surrogate: Recognizer, given: float | None = None) -> float:
    """The similarity above which two faces are one person's: the one ``given``, else that of ``THRESHOLDS``.

    Raises:
        ValueError: if there is none for this surrogate, or ``given`` is no cosine.

    Example:
        >>> threshold_of(surrogate, given=0.4)
        0.4
        >>> threshold_of(surrogate)
        Traceback (most recent call last):
            ...
        ValueError: there is no threshold for ir-softmax on real faces; state one with threshold=...
    """
    check_recognizer(surrogate, "surrogate")
    if given is not None:
        if not -1 <= given < 1:
            raise ValueError(f"threshold is a cosine, within -1 and 1, got {given}")
        return given
    names = sorted(surrogate.networks)  # an ensemble's cosine is the mean of its parts'
    unknown = [name for name in names if name not in THRESHOLDS]
    if unknown:
        raise ValueError(f"there is no threshold for {', '.join(unknown)} on real faces; state one with threshold=...")
    return fmean(THRESHOLDS[name][0] for name in names)


def checksum(block: Mapping[str, Any]) -> str:
    """SHA-256, in hexadecimal, of a card's thresholds and all that is said of them.

    Example:
        >>> checksum({"pairs": 1}) == checksum({"checksum": "", "pairs": 1})
        True
    """
    said = {key: value for key, value in block.items() if key != "checksum"}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def thresholds_in(card: Mapping[str, Any]) -> dict[float, float]:
    """By false-match rate, the similarity above which two rendered faces count as one person's; empty if the card has none.

    Raises:
        WeightsError: if the card's thresholds were changed, or were measured with other weights.

    Example:
        >>> thresholds_in({"name": "mine"})
        {}
    """
    block = card.get("thresholds")
    if block is None:
        return {}
    if block.get("checksum") != checksum(block) or block["weights"] != card["sha256"]:
        remedy = "delete the card and train again, or install the package again"
        raise WeightsError(f"the thresholds in the card of {card.get('name')} are not those that were measured; {remedy}")
    return {float(fmr): line for fmr, line in block["lines"].items()}
