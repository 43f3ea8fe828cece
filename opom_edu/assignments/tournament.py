"""A tournament: teams hand in masks, purifiers and recognizers, and all are judged on photos that nobody saw."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch import Tensor

from opom_edu.assignments.roster import read_secret
from opom_edu.assignments.sandbox import run_network
from opom_edu.errors import OpomError
from opom_edu.evaluation import mask_quality
from opom_edu.evaluation.gallery import Gallery
from opom_edu.evaluation.groups import interval
from opom_edu.faces import People, Person, load_people
from opom_edu.faces.folders import shown
from opom_edu.faces.images import as_bytes, as_floats
from opom_edu.faces.synthetic import render_people
from opom_edu.files import check_folder, replacing, write_table
from opom_edu.masks import Mask, RandomNoise
from opom_edu.pages import write_page
from opom_edu.plots import curves
from opom_edu.recognizers import BLACK_BOXES, Recognizer, load_recognizer

NAMES, TRAIN, TEST = ("Ann", "Ben", "Cleo", "Dan", "Eve", "Finn"), 10, 10
STRANGERS = 200  # in the gallery
LEVELS, SSIM = 8, 0.8  # the budget of a mask: gray levels, and the least mean likeness
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)  # of each mask, for the curves
LARGEST = 64 * 2**20  # bytes of a file that is handed in
JUDGES = tuple(name for name in BLACK_BOXES if name != "dlib")
OWN = ("unprotected", "random noise")
Tell = Callable[[str, float], None]


@dataclass(eq=False)
class Team:
    """What a team handed in, as far as it can be used.

    Attributes:
        masks: one for each person, or none.
        purifier, recognizer: ONNX files.
        refused: by kind, why something is not judged.
    """

    name: str
    masks: dict[str, Mask] = field(default_factory=dict)
    purifier: Path | None = None
    recognizer: Recognizer | None = None
    refused: dict[str, str] = field(default_factory=dict)


def open_tournament(folder: str | Path) -> Path:
    """Write what teams learn from: ``people/NAME/00.png`` and so on. ``secret.txt`` decides who the people are.

    The same secret gives the same people, whose other photos are kept back for the judgment.

    Raises:
        OpomError: if ``folder`` cannot be written to.

    Example:
        >>> len(list(open_tournament(folder / "cup").glob("*/*.png")))
        60
    """
    folder = Path(folder).expanduser()
    check_folder(folder)
    for name, person in _people(read_secret(folder / "secret.txt", make=True)).items():
        (folder / "people" / name).mkdir(parents=True, exist_ok=True)
        for number, photo in enumerate(as_bytes(person.train)):
            with replacing(folder / "people" / name / f"{number:02}.png") as temporary:
                Image.fromarray(photo).save(temporary, "PNG")
    (folder / "teams").mkdir(exist_ok=True)
    return folder / "people"


def judge(folder: str | Path, *, on_progress: Tell | None = None) -> pd.DataFrame:
    """Judge what lies in ``folder/teams/TEAM``.

    That is ``masks/NAME.safetensors`` for every person; ``purifier.onnx``, which maps photos ``(N, 3, 112, 112)`` in [0, 1]
    to such photos; and ``recognizer.onnx``, which maps them to embeddings ``(N, D)``.

    A team may leave parts out. A mask has at most 8 gray levels and a mean SSIM of 0.8 at least.

    Returns:
        A row per part: ``team, part, score, low, high, told``. Of masks: PSR at rank 1 in percent, the mean over all
        recognizers, each with and without every other team's purifier, and its 95 % interval over people. Of a purifier:
        by how many points it lowers the PSR of the others' masks; ``told`` has what it costs clean photos. Of a recognizer:
        how many percent of the others' masked photos it finds. What is refused has no score, and the reason in ``told``.
        ``tournament.csv`` and, with curves, ``tournament.html`` in ``folder`` hold it, too.

    Raises:
        OpomError: if there are no teams or no secret.

    Example:
        >>> judge(Path("nowhere"))
        Traceback (most recent call last):
            ...
        opom_edu.errors.OpomError: nowhere/teams holds no folder of a team; open a tournament first, with --open
    """
    folder, tell = Path(folder).expanduser(), on_progress or (lambda what, share: None)
    places = sorted(path for path in (folder / "teams").glob("*") if path.is_dir()) if folder.is_dir() else []
    if not places:
        raise OpomError(f"{folder / 'teams'} holds no folder of a team; open a tournament first, with --open")
    people = _people(read_secret(folder / "secret.txt"))
    teams = [_team(place, people) for place in places]
    recognizers: list[tuple[str | None, Recognizer]] = [(None, load_recognizer(name)) for name in JUDGES]
    recognizers += [(team.name, team.recognizer) for team in teams if team.recognizer]
    purifiers = [(None, None), *((team.name, purifying(team.purifier)) for team in teams if team.purifier)]
    noise = RandomNoise(eps=LEVELS / 255).fit_many([person.train for person in people.values()])
    masks = {OWN[0]: {name: Mask(torch.zeros(3, 112, 112), 0.0) for name in people},
             OWN[1]: dict(zip(people, noise, strict=True))}  # fmt: skip
    masks |= {team.name: team.masks for team in teams if team.masks}
    rows, pairs, plain = [], [(r, p) for p in purifiers for r in recognizers], list[Gallery]()
    for number, ((maker, recognizer), (washer, wash)) in enumerate(pairs):
        tell("searching", number / len(pairs))
        gallery = Gallery.of(_washed(recognizer, wash), people)
        if maker is washer is None:
            plain.append(gallery)
        for who, own in masks.items():
            rates = {name: 100 * found.success(1) for name, found in gallery.probes(own).items()}
            rows.append({"masks": who, "recognizer": recognizer.name, "of": maker, "washer": washer} | rates)
    found = pd.DataFrame(rows)
    table = pd.DataFrame(_scores(found, teams, list(people)))
    write_table(folder / "tournament.csv", table)
    chart = _curves(masks, plain)
    write_page(folder / "tournament.html", "assignments/tournament.html", rows=table.to_dict("records"), chart=chart)
    return table


def purifying(file: Path) -> Callable[[Tensor], Tensor]:
    """A purifier's file as a function from photos to photos; the same photos are computed once.

    Example:
        >>> callable(purifying(folder / "purifier.onnx"))
        True
    """
    kept: dict[str, Tensor] = {}

    def wash(photos: Tensor) -> Tensor:
        given = photos.numpy()
        key = hashlib.sha256(given.tobytes()).hexdigest()
        if key not in kept:
            made = run_network(file, given)
            if made.shape != given.shape:
                raise ValueError(f"the network gives {made.shape[1:]} instead of photos {given.shape[1:]}")
            kept[key] = torch.from_numpy(made).clamp(0, 1)
        return kept[key]

    return wash


def _washed(recognizer: Recognizer, wash: Callable[[Tensor], Tensor] | None) -> Recognizer:
    if wash is None:
        return recognizer
    return Recognizer.from_callable(lambda photos: recognizer.embed(wash(photos)), name=recognizer.name, batch_size=10_000)


@lru_cache(maxsize=1)
def _people(secret: bytes) -> People:
    first = 10**12 + int.from_bytes(hashlib.sha256(secret + b"tournament").digest()[:5], "big")
    album = render_people(range(first, first + len(NAMES)), TRAIN + TEST)
    photos = as_floats(np.asarray(album.images[:])).unflatten(0, (len(NAMES), TRAIN + TEST))
    people = [Person(name, own[:TRAIN], own[TRAIN:]) for name, own in zip(NAMES, photos, strict=True)]
    return People(people, load_people("synthetic", count=1, distractors=STRANGERS).distractors, rendered=True)


def _team(place: Path, people: People) -> Team:
    """What can be used of a team's folder; every part is tried once, so that it stops nobody else's."""
    team = Team(shown(place.name))
    for part, read in (("masks", _read_masks), ("purifier", _read_purifier), ("recognizer", _read_recognizer)):
        file = place / (part if part == "masks" else f"{part}.onnx")
        if not file.exists():
            continue
        try:
            if any(one.is_symlink() or (one.is_file() and one.stat().st_size > LARGEST) for one in (file, *file.glob("*"))):
                raise ValueError("a link, or a file of more than 64 MB")
            setattr(team, part, read(file, people, team.name))
        except Exception as error:  # hostile files find ways that nobody thought of
            team.refused[part] = shown(str(error))[:200]
    return team


def _read_masks(folder: Path, people: People, team: str) -> dict[str, Mask]:
    masks = {}
    for name in people:
        mask = Mask.load(folder / f"{name}.safetensors")
        if mask.delta.shape != (3, 112, 112) or not bool(mask.delta.isfinite().all()):
            raise ValueError(f"{name}'s mask has another shape, or values that are not finite")
        if (largest := 255 * float(mask.delta.abs().max())) > LEVELS + 0.01:
            raise ValueError(f"{name}'s mask changes {largest:.1f} gray levels; {LEVELS} are allowed")
        masks[name] = mask
    if (like := float(mask_quality(people, masks)["ssim"])) < SSIM:
        raise ValueError(f"the masks' mean SSIM is {like:.3f}; {SSIM} is the least")
    return masks


def _read_purifier(file: Path, people: People, team: str) -> Path:
    purifying(file)(next(iter(people.values())).train[:2])
    return file


def _read_recognizer(file: Path, people: People, team: str) -> Recognizer:
    def embed(photos: Tensor) -> Any:
        return run_network(file, photos.numpy())

    made = Recognizer.from_callable(embed, name=f"{team}'s recognizer", batch_size=10_000)
    made.embed(next(iter(people.values())).train[:2])
    return made


def _scores(found: pd.DataFrame, teams: list[Team], people: list[str]) -> Iterator[dict[str, Any]]:
    plain = found[found["washer"].isna()]
    for who in OWN:
        yield _row(who, "baseline", plain[plain["masks"] == who][people].mean())
    for team in teams:
        for part, reason in team.refused.items():
            yield {"team": team.name, "part": part, "score": np.nan, "low": np.nan, "high": np.nan, "told": reason}
        if team.masks:
            others = found[(found["masks"] == team.name) & (found["of"] != team.name) & (found["washer"] != team.name)]
            yield _row(team.name, "masks", others[people].mean())
        theirs = [one.name for one in teams if one.masks and one is not team]
        if team.purifier:
            washed = found[found["washer"] == team.name]
            gain = _mean(plain, theirs, people) - _mean(washed, theirs, people)
            clean = [_mean(part, [OWN[0]], people).mean() for part in (plain, washed)]
            told = f"clean photos that are not found: {clean[0]:.1f} % before, {clean[1]:.1f} % after"
            yield _row(team.name, "purifier", gain) | {"told": told}
        if team.recognizer:
            own = plain[plain["of"] == team.name]
            told = f"clean photos that are found: {100 - _mean(own, [OWN[0]], people).mean():.1f} %"
            yield _row(team.name, "recognizer", 100 - _mean(own, theirs, people)) | {"told": told}


def _mean(found: pd.DataFrame, masks: Sequence[str], people: list[str]) -> pd.Series:
    """Each person's mean PSR under these masks."""
    return found[found["masks"].isin(masks)][people].mean()


def _row(team: str, part: str, rates: pd.Series) -> dict[str, Any]:
    low, high = interval(rates.to_numpy(float)[:, None])
    return {"team": team, "part": part, "score": float(rates.mean()), "low": low, "high": high, "told": ""}


def _curves(masks: Mapping[str, Mapping[str, Mask]], galleries: Sequence[Gallery]) -> str:
    """PSR on the black boxes against the share of each mask, as a picture."""

    def rate(own: Mapping[str, Mask], share: float) -> float:
        weaker = {name: Mask(share * mask.delta, mask.eps) for name, mask in own.items()}
        return 100 * float(np.mean([found.success(1) for one in galleries for found in one.probes(weaker).values()]))

    lines = {who: [rate(own, share) for share in SHARES] for who, own in masks.items() if who != OWN[0]}
    return curves([LEVELS * share for share in SHARES], lines, title="Masks, weaker and weaker", x_label="gray levels",
                   y_label="PSR at rank 1, mean of six black boxes, %")._repr_html_()  # fmt: skip
