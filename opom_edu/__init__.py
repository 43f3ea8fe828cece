"""opom_edu: see and touch how one mask per person protects photos from face recognition (OPOM, arXiv 2205.11981).

The public names are imported when first used, so that ``import opom_edu`` stays instant.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opom_edu.evaluation import protection
    from opom_edu.faces import People, Person, load_people
    from opom_edu.masks import FIUAP, OPOM, FIUAPPlus, Mask, strong
    from opom_edu.recognizers import Recognizer, list_recognizers, load_recognizer

__version__ = "0.1.0"

_EXPORTS = {
    "evaluation": ("protection",),
    "faces": ("People", "Person", "load_people"),
    "masks": ("FIUAP", "OPOM", "FIUAPPlus", "Mask", "strong"),
    "recognizers": ("Recognizer", "list_recognizers", "load_recognizer"),
}
_HOME = {name: package for package, names in _EXPORTS.items() for name in names}
_PACKAGES = (
    "errors", "evaluation", "exercises", "experiments", "faces", "hulls", "lessons", "masks", "plots", "protect",
    "recognizers", "training", "widgets",
)  # fmt: skip

__all__ = [
    "FIUAP", "OPOM", "FIUAPPlus", "Mask", "People", "Person", "Recognizer", "list_recognizers", "load_people",
    "load_recognizer", "protection", "strong",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"opom_edu.{_HOME[name]}"), name)
    if name in _PACKAGES:
        return import_module(f"opom_edu.{name}")
    raise AttributeError(f"module 'opom_edu' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME, *_PACKAGES])
