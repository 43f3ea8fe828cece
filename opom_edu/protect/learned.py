"""Masks learned from people's photos, kept so that the next run need not learn them again."""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from opom_edu.errors import PeopleWarning
from opom_edu.evaluation.matching import most_diverse
from opom_edu.faces.folders import shown
from opom_edu.files import Store
from opom_edu.masks import Mask, Method
from opom_edu.protect.shots import OnProgress, Sightings

NAME_BYTES = 200  # bytes of a person's name that a file can bear; file systems allow 255, suffix included
FEW = 5  # photos to learn from, below which a mask is known to be weaker


def learn_masks(
    people: Mapping[str, Sightings], method: Method, count: int, folder: Path, tell: OnProgress, *, few: int = FEW
) -> dict[str, tuple[Mask, list[int]]]:
    """By name, a mask from the ``count`` most diverse of somebody's crops, and which these are.

    Masks are kept in ``folder``, and taken from there if they were learned from the same crops in the same way. Few crops
    are a :class:`~opom_edu.errors.PeopleWarning`.

    Args:
        people: by name, the faces to choose from.
        method: how masks are learned.
        count: faces to learn from at the most, at least 1.
        folder: made when the first mask is kept.
        tell: called with what is being done and the share of it that is done.
        few: photos below which a warning says that these are few.

    Raises:
        OpomError: if a mask cannot be written.

    Example:
        >>> seen = Sightings(ada.train, surrogate.embed(ada.train), np.arange(10))
        >>> found = learn_masks({"Ada": seen}, OPOM(surrogate, steps=1), 5, folder / "learned", lambda *_: None)
        >>> mask, chosen = found["Ada"]
        >>> mask.delta.shape, len(chosen), (folder / "learned" / "Ada.safetensors").is_file()
        (torch.Size([3, 112, 112]), 5, True)
    """
    found, kept = {}, Store(folder, Mask.load, lambda file, mask: mask.save(file))
    for number, (name, seen) in enumerate(people.items()):
        tell(f"learning the mask of {shown(name)}", number / len(people))
        chosen = most_diverse(seen.embeddings, seen.center, count)
        if len(chosen) < few:
            told = f"{len(chosen)} photos to learn from are few; ten of different light and pose protect better"
            warnings.warn(f"{shown(name)}: {told}", PeopleWarning, stacklevel=3)
        learned_from = hashlib.sha256(seen.crops[chosen].numpy().tobytes()).hexdigest()
        recipe = json.loads(json.dumps({**method.recipe(), "learned_from": learned_from}))
        mask = kept.get(file := f"{_written(name)}.safetensors")
        if mask is None or mask.eps != method.eps or mask.recipe != recipe:
            kept.put(file, mask := replace(method.fit(seen.crops[chosen]), recipe=recipe))
        found[name] = mask, chosen
    return found


def _written(name: str) -> str:
    """A name that a file can have with any suffix: a hash where it is too long, or its bytes are no text."""
    encoded = os.fsencode(name)
    return name if len(encoded) < NAME_BYTES and shown(name) == name else hashlib.sha256(encoded).hexdigest()
