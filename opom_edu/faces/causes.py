"""The same synthetic people with a single cause changed: another skin, or another circumstance of every photo."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from opom_edu.errors import MissingExtraError, PeopleError
from opom_edu.faces.images import as_floats
from opom_edu.faces.people import People, Person
from opom_edu.faces.synthetic import FIRST_SEED, SEEDS_PER_SET, person_name


def same_people(
    distractors: torch.Tensor, *, count: int = 6, train: int = 10, test: int = 10, seed: int = 0, skin: str | None = None,
    jobs: int = -1, **circumstances: Any,
) -> People:  # fmt: skip
    """The first people of ``load_people("synthetic", seed=seed)``, all as it was but for what is named.

    Real photos seldom allow this: whoever has another skin there is somebody else, elsewhere, before another camera.

    Args:
        distractors: ``(M, 3, 112, 112)``, whom the people are to be told apart from.
        count, train, test, seed: as for :func:`opom_edu.faces.synthetic.synthetic_people`.
        skin: "light", "medium" or "dark" for everybody; by default everybody's own.
        jobs: processes that render.
        circumstances: of every test photo, such as ``yaw=30.0`` (degrees), ``exposure=0.6`` or ``glasses=True``: fields of
            :class:`synthetic_people.conditions.Conditions`. Training photos keep their own.

    Raises:
        PeopleError: for an unknown skin or circumstance.
        MissingExtraError: if numba, which renders, is not installed.

    Example:
        >>> dark = same_people(people.distractors, count=1, train=1, test=2, skin="dark", jobs=1)
        >>> dark["Abel"].test.shape
        torch.Size([2, 3, 112, 112])
    """
    from joblib import Parallel, delayed

    try:
        import numba  # noqa: F401
    except ImportError:
        raise MissingExtraError("numba, which renders people,", "render") from None
    from synthetic_people.conditions import Conditions
    from synthetic_people.identity import SKINS

    if skin is not None and skin not in SKINS:
        raise PeopleError(f"unknown skin {skin!r}; choose one of {', '.join(SKINS)}")
    unknown = sorted(set(circumstances) - set(Conditions.__dataclass_fields__))
    if unknown:
        raise PeopleError(f"a photo has no {', '.join(unknown)}; it has {', '.join(Conditions.__dataclass_fields__)}")
    first = FIRST_SEED + seed * SEEDS_PER_SET
    work = (delayed(_photos)(first + i, train, train + test, skin, circumstances) for i in range(count))
    albums = [as_floats(images) for images in Parallel(n_jobs=jobs)(work)]
    persons = [Person(person_name(first + i, i), images[:train], images[train:]) for i, images in enumerate(albums)]
    return People(persons, distractors, rendered=True)


def _photos(seed: int, train: int, photos: int, skin: str | None, circumstances: dict[str, Any]) -> NDArray[np.uint8]:
    """``(photos, 112, 112, 3)``; what is drawn for a photo depends on the seed and its number alone."""
    from synthetic_people.camera import Sitter, take_photo
    from synthetic_people.conditions import sample_conditions
    from synthetic_people.identity import sample_identity, with_skin
    from synthetic_people.stored import decode

    identity = sample_identity(seed)
    sitter = Sitter(identity if skin is None else with_skin(identity, skin))
    drawn = [sample_conditions(identity, np.random.default_rng([seed, 10, index])) for index in range(photos)]
    taken = [replace(one, **circumstances) if index >= train else one for index, one in enumerate(drawn)]
    return np.stack([decode(take_photo(sitter, conditions).jpeg) for conditions in taken])
