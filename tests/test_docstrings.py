"""What the packages export explains itself: a docstring with an example, which pytest runs, and a line for every method."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest

PACKAGES = (
    "opom_edu", "opom_edu.hulls", "opom_edu.masks", "opom_edu.recognizers", "opom_edu.evaluation", "opom_edu.faces",
    "opom_edu.lessons", "opom_edu.plots", "opom_edu.widgets", "opom_edu.exercises", "opom_edu.protect",
    "opom_edu.experiments",
)  # fmt: skip


def exported(package: str) -> Iterator[tuple[str, Any]]:
    """Functions and classes of a package's ``__all__``, or else all public ones of its modules; errors left out."""
    module = importlib.import_module(package)
    if hasattr(module, "__all__"):
        named = {name: getattr(module, name) for name in module.__all__}
    else:
        parts = [importlib.import_module(f"{package}.{part.name}") for part in pkgutil.iter_modules(module.__path__)]
        named = {
            name: value
            for part in parts
            for name, value in vars(part).items()
            if not name.startswith("_") and getattr(value, "__module__", "") == part.__name__
        }
    for name, value in named.items():
        if inspect.isfunction(value) or (inspect.isclass(value) and not issubclass(value, Exception)):
            yield name, value


@pytest.mark.parametrize("package", PACKAGES)
def test_what_is_exported_has_an_example(package: str) -> None:
    without = [name for name, value in exported(package) if ">>> " not in (inspect.getdoc(value) or "")]
    assert not without, f"no example in {package}: {', '.join(without)}"


@pytest.mark.parametrize("package", PACKAGES)
def test_public_methods_are_explained(package: str) -> None:
    bare = [
        f"{name}.{method}"
        for name, value in exported(package)
        if inspect.isclass(value)
        for method, body in vars(value).items()
        if not method.startswith("_") and callable(getattr(value, method)) and not inspect.getdoc(getattr(value, method))
        and not inspect.isclass(body)
    ]  # fmt: skip
    assert not bare, f"no docstring in {package}: {', '.join(bare)}"
