"""Synthetic people: nobody that exists. The demo set is read; whoever is not in it is rendered once and kept."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from synthetic_people.stored import DEMO, KEYS, PER_FILE, REGIMES, decode, first_of, group_name, jpegs

from opom_edu.errors import MissingExtraError, PeopleError
from opom_edu.faces.images import SIZE, as_floats
from opom_edu.faces.people import People, Person
from opom_edu.files import Store, people_cache

FIRST_SEED = 1_000_000_000  # below it lie the seeds of people on whom recognizers are trained
SEEDS_PER_SET = 1_000_000
WOMEN = "Ada Bea Chioma Dalia Emi Freya Gita Hana Ines Jaya Kaia Lin Mara Noor Oda Pia Rosa Suki Tara Uma Vera Wren Yara Zoe"
MEN = "Abel Bao Cem Dov Eli Femi Goro Hugo Ivo Jin Kofi Leo Milo Nils Omar Paul Ravi Sol Teo Umar Viktor Wei Yusuf Zane"
LANDMARKS = [f"{mark}_{axis}" for mark in ("right_eye", "left_eye", "nose", "right_mouth", "left_mouth") for axis in "xy"]
Group = Mapping[str, NDArray[Any]]


class StoredImages:
    """Images ``(N, S, S, 3)``, uint8 RGB, that stay JPEG files in memory, a tenth of the size, until they are asked for.

    Indexed with a slice or an array of indices, like the NumPy array for which they stand.

    Args:
        files: the content of each JPEG file.
        size: S, pixels of an image's side.

    Example:
        >>> import cv2
        >>> file = cv2.imencode(".jpg", np.full((32, 32, 3), 200, np.uint8))[1].tobytes()
        >>> images = StoredImages([file] * 5, 32)
        >>> images.shape, images[1:3].shape
        ((5, 32, 32, 3), (2, 32, 32, 3))
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, files: Sequence[bytes], size: int) -> None:
        self.files, self.shape = files, (len(files), size, size, 3)

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, chosen: slice | NDArray[np.int64]) -> NDArray[np.uint8]:
        indices = np.arange(len(self.files))[chosen]
        images = np.empty((len(indices), *self.shape[1:]), np.uint8)
        for image, index in zip(images, indices, strict=True):
            image[:] = decode(self.files[index])
        return images


@dataclass(frozen=True, eq=False)
class Album:
    """N photos of synthetic people, as :func:`render_people` returns them.

    Attributes:
        images: ``(N, S, S, 3)`` uint8 RGB, an array or :class:`StoredImages`.
        labels: ``(N,)``, the place of each photo's person among the seeds.
        landmarks: ``(N, 5, 2)`` in pixels.
        conditions: a table with a row per photo: pose, light, skin tone and so on.

    Example:
        >>> album = render_people([FIRST_SEED, FIRST_SEED + 1], 20, lazy=True)
        >>> album.landmarks.shape, album.labels[[0, 20]].tolist()
        ((40, 5, 2), [0, 1])
    """

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
        regime: "common", "celebrity" or "mixed" (see :func:`synthetic_people.conditions.sample_conditions`).
        on_progress: called with the share of the rendering that is done; by default a progress bar shows it.
        jobs: processes that render, each into files of eight people; -1 for one per core.
        lazy: leave ``images`` encoded until they are indexed: see :class:`StoredImages`.

    Raises:
        PeopleError: for arguments out of range.
        MissingExtraError: if somebody has to be rendered, and numba is not installed.

    Example:
        >>> album = render_people([FIRST_SEED, FIRST_SEED + 1], 20)
        >>> album.images.shape, len(album.conditions)
        ((40, 112, 112, 3), 40)
    """
    _check(seeds, photos, size, margin, regime)
    look = {"size": size, "margin": margin, "regime": regime}
    groups = [tuple(int(seed) for seed in seeds[i : i + PER_FILE]) for i in range(0, len(seeds), PER_FILE)]
    shards: list[Any] = [_stored(group, photos, look) for group in groups]
    missing = [index for index, shard in enumerate(shards) if shard is None]
    if missing:
        from joblib import Parallel, delayed

        if not (DEMO / "manifest.json").is_file():
            raise PeopleError(f"{DEMO} is missing: the package was installed without its data; reinstall opom_edu")
        if find_spec("numba") is None:
            raise MissingExtraError("numba, which renders people that are not in the demo set,", "render")
        work = Parallel(n_jobs=min(jobs if jobs > 0 else os.cpu_count() or 1, len(missing)), return_as="generator")
        with _told(on_progress) as tell:
            tell(0.0)
            for done, shard in enumerate(work(delayed(_render)(groups[index], photos, look) for index in missing)):
                shards[missing[done]] = shard
                tell((done + 1) / len(missing))
    images = StoredImages([file for shard in shards for file in jpegs(shard)], size)
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

    Example:
        >>> two = synthetic_people(count=2, distractors=8)
        >>> two["Ada"].test.shape, two.distractors.shape
        (torch.Size([10, 3, 112, 112]), torch.Size([8, 3, 112, 112]))
    """
    _check_within("count", count, 1, 1000)
    _check_within("train", train, 1, 1000)
    _check_within("test", test, 2, 1000)
    _check_within("seed", seed, 0, 999)
    _check_within("distractors", distractors, 0, 100_000)
    first = FIRST_SEED + seed * SEEDS_PER_SET
    seeds = list(range(first, first + count))
    others = list(range(first + SEEDS_PER_SET // 2, first + SEEDS_PER_SET // 2 + distractors))
    look: dict[str, Any] = {"size": size, "margin": margin, "regime": regime}
    each = train + test
    rendered = -(-each // 10) * 10 if each > 10 else each  # so that 5 + 10 photos are found in a set of 20
    share = count * rendered / (count * rendered + 3 * distractors)
    more = on_progress and (lambda s: on_progress(s * share))
    album = render_people(seeds, rendered, on_progress=more, lazy=True, **look)  # only those used are decoded
    used = np.tile(np.arange(rendered) < each, count)
    images = as_floats(album.images[used]).contiguous().unflatten(0, (count, each))
    names = [person_name(seed, index) for index, seed in enumerate(seeds)]
    people = [Person(name, photos[:train], photos[train:]) for name, photos in zip(names, images, strict=True)]
    table = album.conditions.drop(columns="seed")[used].reset_index(drop=True)
    table.insert(0, "person", np.repeat(names, each))
    table.insert(1, "part", (["train"] * train + ["test"] * test) * count)
    table[LANDMARKS] = album.landmarks[used].reshape(-1, 10)
    strangers = None
    if distractors:
        more = on_progress and (lambda s: on_progress(share + s * (1 - share)))
        strangers = as_floats(render_people(others, 1, on_progress=more, **look).images).contiguous()
    note = "These people are synthetic: rendered, nobody who exists."
    return People(people, strangers, photos=table, note=note, rendered=True)


def synthetic_distractors(
    distractors: int = 500, *, seed: int = 0, batch: int = 1000, **look: Any
) -> Iterator[torch.Tensor]:
    """The distractors of :func:`synthetic_people` with the same arguments, in batches ``(n, 3, size, size)``.

    Rendered, or read from the cache, batch by batch: so ten thousand take no more memory than one thousand.

    Args:
        distractors: people, one photo of each.
        seed: 0 to 999; another one draws other people.
        batch: photos at a time.
        look: ``size``, ``margin`` and ``regime``, see :func:`render_people`.

    Raises:
        PeopleError, MissingExtraError: see :func:`render_people`.

    Example:
        >>> [len(photos) for photos in synthetic_distractors(24, batch=16)]
        [16, 8]
    """
    first = FIRST_SEED + seed * SEEDS_PER_SET + SEEDS_PER_SET // 2
    for start in range(0, distractors, batch):
        album = render_people(range(first + start, first + min(start + batch, distractors)), 1, **look)
        yield as_floats(album.images).contiguous()


def _check(seeds: Sequence[int], photos: int, size: int, margin: float, regime: str) -> None:
    if not len(seeds) or min(seeds) < 0:
        raise PeopleError("seeds must be at least one number, none negative")
    _check_within("photos", photos, 1, 10_000)
    _check_within("size", size, 32, 1024, " pixels")
    _check_within("margin", margin, 0, 2, " crop sides")
    if regime not in REGIMES:
        raise PeopleError(f"unknown regime {regime!r}; choose one of {', '.join(REGIMES)}")


def _check_within(name: str, value: float, low: float, high: float, unit: str = "") -> None:
    if not low <= value <= high:
        raise PeopleError(f"{name} must be within {low} and {high}{unit}, got {value}")


def _stored(seeds: tuple[int, ...], photos: int, look: Mapping[str, Any]) -> Group | None:
    """A group kept in the demo set or the cache, or the first people of one that is kept whole."""
    for members in dict.fromkeys((seeds, tuple(range(seeds[0], seeds[0] + PER_FILE)))):
        if members[: len(seeds)] == seeds:
            name = group_name(members, photos, **look)
            for folder in (DEMO, people_cache()):
                group = Store(folder, _read, _write).get(name)
                if group is not None and len(group["ends"]) == len(members) * photos:
                    return group if members == seeds else first_of(group, len(seeds) * photos)
    return None


def _render(seeds: tuple[int, ...], photos: int, look: Mapping[str, Any]) -> Group:
    """Photograph a group and keep its photos in the cache."""
    from synthetic_people.groups import render_group  # compiles, which needs numba and takes seconds

    group = render_group(seeds, photos, **look)
    Store(people_cache(), _read, _write).try_put(group_name(seeds, photos, **look), group)
    return group


def _read(path: Path) -> Group:
    with np.load(path, allow_pickle=False) as file:
        return {key: file[key] for key in KEYS}


def _write(path: Path, group: Group) -> None:
    with path.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **group)


@contextmanager
def _told(on_progress: Callable[[float], None] | None) -> Iterator[Callable[[float], None]]:
    """``on_progress``; without one, a bar on the error console."""
    if on_progress is not None:
        yield on_progress
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("rendering synthetic people", total=1.0)
        yield lambda share: bar.update(task, completed=share)


def person_name(seed: int, index: int) -> str:
    names = (WOMEN if seed % 2 else MEN).split()
    place = index // 2
    return names[place % len(names)] + (f" {place // len(names) + 1}" if place >= len(names) else "")
