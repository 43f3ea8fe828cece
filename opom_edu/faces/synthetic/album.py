"""Many photos of many synthetic people, rendered once and kept in small files."""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from opom_edu.errors import PeopleError, PeopleWarning
from opom_edu.faces.images import SIZE, as_floats
from opom_edu.faces.people import People, Person
from opom_edu.files import replacing, user_cache

VERSION = 5  # of the renderer: raise it when the same seed gives other pixels
PER_FILE = 8  # people
CACHE_VARIABLE = "OPOM_EDU_CACHE"
FIRST_SEED = 1_000_000_000  # below it lie the seeds of people on whom recognizers are trained
SEEDS_PER_SET = 1_000_000
DEMO = Path(__file__).parents[3] / "datasets" / "synthetic"  # the demo set, where the repository is at hand
WOMEN = "Ada Bea Chioma Dalia Emi Freya Gita Hana Ines Jaya Kaia Lin Mara Noor Oda Pia Rosa Suki Tara Uma Vera Wren Yara Zoe"
MEN = "Abel Bao Cem Dov Eli Femi Goro Hugo Ivo Jin Kofi Leo Milo Nils Omar Paul Ravi Sol Teo Umar Viktor Wei Yusuf Zane"


class StoredImages:
    """Images ``(N, S, S, 3)``, uint8 RGB, that stay JPEG files in memory, a tenth of the size, until they are asked for.

    Indexed with a slice or an array of indices, like the NumPy array for which they stand.
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, files: Sequence[bytes], size: int) -> None:
        self.files, self.shape = files, (len(files), size, size, 3)

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, chosen: slice | NDArray[np.int64]) -> NDArray[np.uint8]:
        from opom_edu.faces.synthetic.camera import decode

        indices = np.arange(len(self.files))[chosen]
        images = np.empty((len(indices), *self.shape[1:]), np.uint8)
        for image, index in zip(images, indices, strict=True):
            image[:] = decode(self.files[index])
        return images


@dataclass(frozen=True, eq=False)
class Album:
    """Photos ``images (N, S, S, 3)`` uint8 RGB, an array or :class:`StoredImages`; ``labels (N,)`` (which seed);
    ``landmarks (N, 5, 2)`` in pixels; and ``conditions``, a table with a row per photo."""

    images: Any
    labels: NDArray[np.int64]
    landmarks: NDArray[np.float32]
    conditions: pd.DataFrame


def render_people(
    seeds: Sequence[int], photos: int, *, size: int = SIZE, margin: float = 0.0, regime: str = "common",
    on_progress: Callable[[float], None] | None = None, jobs: int = -1, lazy: bool = False,
) -> Album:  # fmt: skip
    """Photos of the people of some seeds, from the cache where they lie there.

    Args:
        photos: per person; the first ones are the same however many are asked for.
        size: pixels of a photo's side, 32 to 1024.
        margin: share of the crop's side added on every side of the aligned crop, 0 to 2.
        regime: "common", "celebrity" or "mixed" (see :func:`~opom_edu.faces.synthetic.conditions.sample_conditions`).
        on_progress: called with the share that is done.
        jobs: processes that render, each into files of eight people; -1 for one per core.
        lazy: leave ``images`` encoded until they are indexed: see :class:`StoredImages`.

    Raises:
        PeopleError: for arguments out of range.
    """
    _check(seeds, photos, size, margin, regime)
    groups = [tuple(int(seed) for seed in seeds[i : i + PER_FILE]) for i in range(0, len(seeds), PER_FILE)]
    recipes = [{"seeds": group, "photos": photos, "size": size, "margin": margin, "regime": regime} for group in groups]
    shards: list[Any] = [_found(recipe) for recipe in recipes]
    missing = [index for index, shard in enumerate(shards) if shard is None]
    if missing:
        from joblib import Parallel, delayed

        folder = _writable(cache_folder())
        work = Parallel(n_jobs=min(jobs if jobs > 0 else os.cpu_count() or 1, len(missing)), return_as="generator")
        for done, shard in enumerate(work(delayed(_render)(recipes[index], folder) for index in missing)):
            shards[missing[done]] = shard
            if on_progress:
                on_progress((done + 1) / len(missing))
    images = StoredImages([file for shard in shards for file in _files(shard)], size)
    return Album(
        images if lazy else images[:],
        np.repeat(np.arange(len(seeds)), photos),
        np.concatenate([shard["landmarks"] for shard in shards]),
        pd.DataFrame([row for shard in shards for row in json.loads(bytes(shard["conditions"]))]),
    )


def synthetic_people(
    *, count: int = 24, train: int = 10, test: int = 10, seed: int = 0, size: int = SIZE, margin: float = 0.0,
    regime: str = "common", distractors: int = 500, on_progress: Callable[[float], None] | None = None,
) -> People:  # fmt: skip
    """Synthetic people: nobody that exists; the same arguments give the same pixels.

    Args:
        count: people, 1 to 1000. Any 24 hold each sex, each of three skin groups and of four age groups alike.
        train: photos per person to learn a mask from.
        test: photos per person to evaluate on, at least 2.
        seed: 0 to 999; another one draws other people.
        size, margin, regime: see :func:`render_people`.
        distractors: people with one photo each, from whom the others are to be told apart.

    Returns:
        People whose ``photos`` table tells each photo's conditions and landmarks.

    Raises:
        PeopleError: for arguments out of range.
    """
    for name, value, low, high in (
        ("count", count, 1, 1000), ("train", train, 1, 1000), ("test", test, 2, 1000), ("seed", seed, 0, 999),
        ("distractors", distractors, 0, 100_000),
    ):  # fmt: skip
        if not low <= value <= high:
            raise PeopleError(f"{name} must be within {low} and {high}, got {value}")
    first = FIRST_SEED + seed * SEEDS_PER_SET
    seeds = list(range(first, first + count))
    others = list(range(first + SEEDS_PER_SET // 2, first + SEEDS_PER_SET // 2 + distractors))
    look: dict[str, Any] = {"size": size, "margin": margin, "regime": regime}
    each = train + test
    rendered = -(-each // 10) * 10 if each > 10 else each  # so that 5 + 10 photos are found in a set of 20
    share = count * rendered / (count * rendered + 3 * distractors)
    album = render_people(seeds, rendered, on_progress=on_progress and (lambda s: on_progress(s * share)), **look)
    used = np.tile(np.arange(rendered) < each, count)
    images = as_floats(album.images[used]).contiguous().unflatten(0, (count, each))
    names = [_person_name(seed, index) for index, seed in enumerate(seeds)]
    people = [Person(name, photos[:train], photos[train:]) for name, photos in zip(names, images, strict=True)]
    table = album.conditions.drop(columns="seed")[used].reset_index(drop=True)
    table.insert(0, "person", np.repeat(names, each))
    table.insert(1, "part", (["train"] * train + ["test"] * test) * count)
    for index, mark in enumerate(("right_eye", "left_eye", "nose", "right_mouth", "left_mouth")):
        table[[f"{mark}_x", f"{mark}_y"]] = album.landmarks[used, index]
    strangers = None
    if distractors:
        more = on_progress and (lambda s: on_progress(share + s * (1 - share)))
        strangers = as_floats(render_people(others, 1, on_progress=more, **look).images).contiguous()
    return People(people, strangers, photos=table, note="These people are synthetic: rendered, nobody who exists.")


def synthetic_distractors(
    distractors: int = 500, *, seed: int = 0, batch: int = 1000, **look: Any
) -> Iterator[torch.Tensor]:
    """The distractors of :func:`synthetic_people` with the same arguments, in batches ``(n, 3, size, size)``.

    Rendered, or read from the cache, batch by batch: so ten thousand take no more memory than one thousand.
    """
    first = FIRST_SEED + seed * SEEDS_PER_SET + SEEDS_PER_SET // 2
    for start in range(0, distractors, batch):
        album = render_people(range(first + start, first + min(start + batch, distractors)), 1, **look)
        yield as_floats(album.images).contiguous()


def cache_folder() -> Path:
    """Where rendered photos are kept: OPOM_EDU_CACHE, else the user's cache folder."""
    named = os.environ.get(CACHE_VARIABLE)
    return Path(named) if named else user_cache() / "people"


def _check(seeds: Sequence[int], photos: int, size: int, margin: float, regime: str) -> None:
    from opom_edu.faces.synthetic.conditions import REGIMES

    if not len(seeds) or min(seeds) < 0:
        raise PeopleError("seeds must be at least one number, none negative")
    if not 1 <= photos <= 10_000:
        raise PeopleError(f"photos must be within 1 and 10000, got {photos}")
    if not 32 <= size <= 1024:
        raise PeopleError(f"size must be within 32 and 1024 pixels, got {size}")
    if not 0 <= margin <= 2:
        raise PeopleError(f"margin must be within 0 and 2 crop sides, got {margin}")
    if regime not in REGIMES:
        raise PeopleError(f"unknown regime {regime!r}; choose one of {', '.join(REGIMES)}")


def _name(recipe: dict[str, Any]) -> str:
    key = json.dumps({"renderer": VERSION, **recipe}, sort_keys=True)
    return f"people-{hashlib.sha256(key.encode()).hexdigest()[:16]}.npz"


def _found(recipe: dict[str, Any]) -> dict[str, Any] | None:
    """A stored group, or the first people of one that is stored whole."""
    seeds = recipe["seeds"]
    whole = tuple(range(seeds[0], seeds[0] + PER_FILE))
    if (shard := _stored(recipe)) is not None or seeds != whole[: len(seeds)]:
        return shard
    if (shard := _stored(recipe | {"seeds": whole})) is None:
        return None
    count = len(seeds) * recipe["photos"]
    rows = json.dumps(json.loads(bytes(shard["conditions"]))[:count]).encode()
    return shard | {
        "ends": shard["ends"][:count], "landmarks": shard["landmarks"][:count], "conditions": np.frombuffer(rows, np.uint8)
    }  # fmt: skip


def _stored(recipe: dict[str, Any]) -> dict[str, Any] | None:
    """A file of the demo set or the cache that holds this recipe, read; None if there is none or it is damaged."""
    for path in (DEMO / _name(recipe), cache_folder() / _name(recipe)):
        if path.is_file():
            try:
                with np.load(path, allow_pickle=False) as file:
                    shard = {key: file[key] for key in ("jpeg", "ends", "landmarks", "conditions")}
                if len(shard["ends"]) == len(recipe["seeds"]) * recipe["photos"]:
                    return shard
            except Exception as error:  # a file cut off in the middle raises whatever its remains suggest
                warnings.warn(f"{path} is damaged and is rendered anew ({error})", PeopleWarning, stacklevel=3)
    return None


def _writable(folder: Path) -> Path | None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
    except OSError:
        pass
    warnings.warn(
        f"{folder} cannot be written, so the photos are not kept for next time; set {CACHE_VARIABLE} to another folder",
        PeopleWarning,
        stacklevel=4,
    )
    return None


def _render(recipe: dict[str, Any], folder: Path | None) -> dict[str, Any]:
    """Photograph a group of people, and keep the files the camera wrote."""
    import cv2

    from opom_edu.faces.synthetic.camera import Sitter, take_photo
    from opom_edu.faces.synthetic.conditions import sample_conditions
    from opom_edu.faces.synthetic.identity import sample_identity

    cv2.setNumThreads(1)
    files, marks, rows = [], [], []
    for seed in recipe["seeds"]:
        identity = sample_identity(seed)
        sitter = Sitter(identity)
        for index in range(recipe["photos"]):
            conditions = sample_conditions(identity, np.random.default_rng([seed, 10, index]), regime=recipe["regime"])
            photo = take_photo(sitter, conditions, size=recipe["size"], margin=recipe["margin"])
            files.append(photo.jpeg)
            marks.append(photo.landmarks)
            who = {
                "seed": seed,
                "sex": "female" if identity.female else "male",
                "age": round(identity.age),
                "skin": identity.skin,
            }
            rows.append(who | conditions.record())
    shard = {
        "jpeg": np.frombuffer(b"".join(files), np.uint8),
        "ends": np.cumsum([len(file) for file in files]),
        "landmarks": np.array(marks, np.float32),
        "conditions": np.frombuffer(json.dumps(rows).encode(), np.uint8),
    }
    if folder is not None:
        try:
            with replacing(folder / _name(recipe)) as temporary:
                np.savez_compressed(temporary, allow_pickle=False, **shard)
        except OSError as error:  # a full disk costs the copy, not the photos
            warnings.warn(f"photos could not be kept in {folder} ({error})", PeopleWarning, stacklevel=2)
    return shard


def _files(shard: dict[str, Any]) -> list[bytes]:
    data, ends = bytes(shard["jpeg"]), shard["ends"]
    return [data[start:end] for start, end in zip([0, *ends[:-1]], ends, strict=True)]


def _person_name(seed: int, index: int) -> str:
    names = (WOMEN if seed % 2 else MEN).split()
    place = index // 2
    return names[place % len(names)] + (f" {place // len(names) + 1}" if place >= len(names) else "")
