"""The grid that a sweep goes through, and the file it is written in."""

from __future__ import annotations

import hashlib
import itertools
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from synthetic_people.stored import VERSION

from opom_edu.errors import OpomError, PeopleError
from opom_edu.faces.sources import CHOICES
from opom_edu.masks import METHODS, make_method, parse_eps
from opom_edu.recognizers import Recognizer, list_recognizers, load_surrogate

LISTS = ("people", "methods", "surrogates", "eps", "seeds", "targets")


@dataclass(frozen=True, kw_only=True)
class Grid:
    """What a sweep goes through: the axes, each with one value or more, and what is the same for all jobs.

    Args:
        methods: names of :data:`opom_edu.masks.METHODS`, but for those that learn from other people's photos.
        people: sources for :func:`opom_edu.load_people`; a folder must lie under the same path for every worker.
        surrogates: names of recognizers with gradients; "a+b" is their ensemble.
        eps: shares of the pixel range, numbers or text such as "8/255".
        seeds: whole numbers.
        targets: names of further recognizers to evaluate on.
        options: of :func:`opom_edu.load_people`, for all sources.
        steps, momentum: of the learned methods; ``transfer``: learn with the bundle of :func:`opom_edu.masks.transfer`.
        parts: each job takes one of so many parts of the people.

    Raises:
        ValueError: for an unknown name (the message lists the choices), an empty axis or a value out of range.

    Example:
        >>> grid = Grid(methods=["random", "convex"], eps=["4/255", "8/255"], targets=["ir-arcface"])
        >>> len(grid.jobs())
        4
    """

    methods: Sequence[str]
    people: Sequence[str] = ("synthetic",)
    surrogates: Sequence[str] = ("ir-softmax",)
    eps: Sequence[float | str] = (8 / 255,)
    seeds: Sequence[int] = (0,)
    targets: Sequence[str] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    steps: int = 16
    momentum: float = 0.0
    transfer: bool = False
    parts: int = 1

    def __post_init__(self) -> None:
        for name in LISTS:
            values = getattr(self, name)
            if not isinstance(values, list | tuple):
                raise ValueError(f"{name} must be a list, got {values!r}")
            if not values and name != "targets":
                raise ValueError(f"{name} is empty, so there is no job; give it a value")
            if len({*map(str, values)}) < len(values):
                raise ValueError(f"{name} has a value twice: {', '.join(map(str, values))}")
        surrogates = [part for name in self.surrogates for part in str(name).split("+")]
        _check_names("methods", self.methods, [name for name, entry in METHODS.items() if not entry.others])
        _check_names("surrogates", surrogates, list_recognizers())
        _check_names("targets", self.targets, list_recognizers())
        if both := {*surrogates} & {*self.targets}:
            raise ValueError(f"{', '.join(sorted(both))}: a surrogate is evaluated anyway; leave it out of targets")
        object.__setattr__(self, "eps", tuple(parse_eps(value) for value in self.eps))
        numbers = {"seeds": (self.seeds, 0), "steps": ((self.steps,), 1), "parts": ((self.parts,), 1)}
        for name, (values, least) in numbers.items():
            if not all(type(value) is int and value >= least for value in values):
                raise ValueError(f"{name} must be whole numbers from {least}, got {', '.join(map(str, values))}")
        if not isinstance(self.transfer, bool) or not isinstance(self.momentum, int | float):
            raise ValueError(f"transfer must be true or false, momentum a number, got {self.transfer!r}, {self.momentum!r}")
        try:
            json.dumps(dict(self.options))
        except (TypeError, ValueError) as error:
            raise ValueError(f"options must be a table of numbers and text, got {self.options!r}") from error

    def jobs(self) -> list[dict[str, Any]]:
        """The configuration of each job, as plain values. Recognizers are told by name and by their weights' fingerprint, a
        folder of photos by path and by the names, sizes and dates of its files, synthetic people by the renderer's version.

        Raises:
            ValueError, OpomError: if a recognizer cannot be loaded, a surrogate has no gradients, or a folder is missing.
        """
        shared: dict[str, Any] = {key: getattr(self, key) for key in ("steps", "momentum", "transfer", "parts")}
        shared["options"] = dict(self.options)
        shared["targets"] = {name: load_joined(name).fingerprint() for name in self.targets}
        weights = {}
        for name in self.surrogates:
            surrogate = load_joined(name)
            make_method("center", surrogate, steps=self.steps, momentum=self.momentum)  # says what is wrong, if anything
            weights[name] = surrogate.fingerprint()
        axes = (map(_stamped, self.people), self.methods, self.surrogates, self.eps, self.seeds, range(self.parts))
        return [
            {**shared, "people": people, "photos": photos, "method": method, "surrogate": surrogate,
             "weights": weights[surrogate], "eps": eps, "seed": seed, "part": part}
            for (people, photos), method, surrogate, eps, seed, part in itertools.product(*axes)
        ]  # fmt: skip


def read_grid(path: str | Path) -> Grid:
    """The grid in a TOML file, whose keys are the arguments of :class:`Grid`.

    Raises:
        OpomError: if the file cannot be read or is no TOML.
        ValueError: for an unknown or missing key or a value that :class:`Grid` refuses, naming the file.

    Example:
        >>> path = folder / "grid.toml"
        >>> _ = path.write_text('methods = ["convex"]')
        >>> read_grid(path).methods
        ['convex']
    """
    try:
        found = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise OpomError(f"{path} cannot be read as TOML: {error}") from error
    keys = [each.name for each in fields(Grid)]
    if unknown := [key for key in found if key not in keys]:
        raise ValueError(f"{path}: unknown key {', '.join(unknown)}; choose among {', '.join(keys)}")
    if "methods" not in found:
        raise ValueError(f"{path} lacks methods; choose among {', '.join(METHODS)}")
    try:
        return Grid(**found)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def load_joined(name: str, device: str = "cpu") -> Recognizer:
    """The recognizer of that name; of "a+b", the ensemble of a and b.

    Example:
        >>> load_joined("ir-softmax+ir-arcface").name
        'ir-softmax+ir-arcface'
    """
    return load_surrogate(name.split("+"), device=device)[0]


def _check_names(axis: str, names: Sequence[str], choices: Sequence[str]) -> None:
    if unknown := [name for name in names if name not in choices]:
        raise ValueError(f"{axis}: unknown {', '.join(map(repr, unknown))}; choose among {', '.join(choices)}")


def _stamped(source: str) -> tuple[str, str]:
    """A source of people with its path made absolute, and what tells its photos: the renderer's version, or a hash of the
    names, sizes and dates of the files there."""
    kind, _, named = str(source).partition(":")
    if kind not in ("folder", "opom") if named else kind not in ("synthetic", "lfw", "olivetti"):
        raise PeopleError(f"unknown source of people {source!r}; choose {CHOICES}")
    if not named:
        return source, f"renderer {VERSION}" if kind == "synthetic" else ""
    folder = Path(named).expanduser().absolute()
    if not folder.is_dir():
        raise PeopleError(f"{folder} is not a folder of photos")
    files = [(str(path.relative_to(folder)), path.stat()) for path in sorted(folder.rglob("*")) if path.is_file()]
    text = "\n".join(f"{name} {found.st_size} {found.st_mtime_ns}" for name, found in files)
    return f"{kind}:{folder}", hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
