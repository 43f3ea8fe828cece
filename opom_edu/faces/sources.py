"""Where people come from: one function for all sources."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from opom_edu.errors import PeopleError
from opom_edu.faces.people import People

CHOICES = "synthetic, folder:PATH, lfw, olivetti or opom:PATH"


def load_people(source: str, **options: Any) -> People:
    """Load people from a source.

    Args:
        source: "synthetic", people who do not exist (see :func:`opom_edu.faces.synthetic.synthetic_people` for the options);
            "folder:PATH", a folder with one sub-folder of aligned crops per person
            (see :func:`opom_edu.faces.folders.people_from_folder`); or public faces, "lfw", "olivetti" and "opom:PATH", the
            layout of the OPOM release (see :mod:`opom_edu.faces.public`).

    Raises:
        PeopleError: for an unknown source (the message lists the choices) or one that does not hold two usable people.

    Example:
        >>> people = load_people("synthetic", count=3, distractors=24)
        >>> list(people), people["Ada"].train.shape
        (['Abel', 'Ada', 'Bao'], torch.Size([10, 3, 112, 112]))
    """
    kind, _, path = str(source).partition(":")
    if kind == "synthetic" and not path:
        from opom_edu.faces.synthetic import synthetic_people

        return synthetic_people(**options)
    if kind == "folder" and path:
        from opom_edu.faces.folders import people_from_folder

        return people_from_folder(path, **options)
    if kind in ("lfw", "olivetti", "opom") and bool(path) == (kind == "opom"):
        from opom_edu.faces import public

        if kind == "opom":
            return public.people_from_opom(path, **options)
        return public.people_from_lfw(**options) if kind == "lfw" else public.people_from_olivetti(**options)
    hint = f"; did you mean folder:{source}?" if Path(source).is_dir() else ""
    raise PeopleError(f"unknown source of people {str(source)!r}; choose {CHOICES}{hint}")
