"""The same synthetic people with a single cause changed: another skin, or another circumstance of every photo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch

from opom_edu.errors import MissingExtraError, PeopleError
from opom_edu.faces.images import as_floats
from opom_edu.faces.people import People, Person
from opom_edu.faces.synthetic import FIRST_SEED, LANDMARKS, SEEDS_PER_SET, person_name

if TYPE_CHECKING:
    from synthetic_people.camera import Photo


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
    return _render(distractors, count, train, seed, skin, [circumstances] * test, jobs)[0]


def turned_people(
    distractors: torch.Tensor, yaws: Sequence[float], *, count: int = 6, train: int = 10, seed: int = 0, jobs: int = -1,
    **circumstances: Any,
) -> tuple[People, dict[str, torch.Tensor]]:  # fmt: skip
    """The same people with a test photo at each yaw, in degrees, and where in the head's texture each pixel lies.

    Returns:
        People, whose ``photos`` tells yaw and landmarks, and for each the ``texels (train + test, 112, 112, 3)`` of the
        training and the test photos: see :class:`synthetic_people.camera.Photo`.

    Arguments and errors: see :func:`same_people`.

    Example:
        >>> turned, texels = turned_people(people.distractors, [-30, 30], count=1, train=1, jobs=1)
        >>> turned["Abel"].test.shape, texels["Abel"].shape
        (torch.Size([2, 3, 112, 112]), torch.Size([3, 112, 112, 3]))
    """
    return _render(distractors, count, train, seed, None, [{"yaw": float(yaw), **circumstances} for yaw in yaws], jobs)


def _render(
    distractors: torch.Tensor, count: int, train: int, seed: int, skin: str | None, changes: list[dict[str, Any]], jobs: int
) -> tuple[People, dict[str, torch.Tensor]]:
    """``changes``: what differs in each test photo."""
    from joblib import Parallel, delayed

    try:
        import numba  # noqa: F401
    except ImportError:
        raise MissingExtraError("numba, which renders people,", "render") from None
    from synthetic_people.conditions import Conditions
    from synthetic_people.identity import SKINS

    if skin is not None and skin not in SKINS:
        raise PeopleError(f"unknown skin {skin!r}; choose one of {', '.join(SKINS)}")
    unknown = sorted({*chain(*changes)} - {*Conditions.__dataclass_fields__})
    if unknown:
        raise PeopleError(f"a photo has no {', '.join(unknown)}; it has {', '.join(Conditions.__dataclass_fields__)}")
    first = FIRST_SEED + seed * SEEDS_PER_SET
    names = [person_name(first + index, index) for index in range(count)]
    work = (delayed(_photos)(first + index, skin, [{}] * train + changes) for index in range(count))
    albums = dict(zip(names, Parallel(n_jobs=jobs)(work), strict=True))
    images = {name: as_floats(np.stack([photo.pixels for photo in album])) for name, album in albums.items()}
    rows = [
        {"person": name, "part": "train" if index < train else "test", "yaw": photo.conditions.yaw}
        | dict(zip(LANDMARKS, photo.landmarks.ravel(), strict=True))
        for name, album in albums.items()
        for index, photo in enumerate(album)
    ]
    persons = [Person(name, photos[:train], photos[train:]) for name, photos in images.items()]
    texels = {name: torch.from_numpy(np.stack([photo.texels for photo in album])) for name, album in albums.items()}
    return People(persons, distractors, photos=pd.DataFrame(rows), rendered=True), texels


def _photos(seed: int, skin: str | None, changes: list[dict[str, Any]]) -> list[Photo]:
    """One for each of the ``changes``; what is drawn for a photo depends on the seed and its number alone."""
    from synthetic_people.camera import Sitter, take_photo
    from synthetic_people.conditions import sample_conditions
    from synthetic_people.identity import sample_identity, with_skin

    identity = sample_identity(seed)
    sitter = Sitter(identity if skin is None else with_skin(identity, skin))
    drawn = (sample_conditions(identity, np.random.default_rng([seed, 10, index])) for index in range(len(changes)))
    taken = (replace(one, **change) for one, change in zip(drawn, changes, strict=True))
    return [take_photo(sitter, conditions, texels=True) for conditions in taken]
