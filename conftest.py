"""What the examples in docstrings use without importing it: three people, two recognizers, masks, a folder of photos."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from _pytest.doctest import DoctestItem


@pytest.fixture(scope="session", autouse=True)
def _names(request: pytest.FixtureRequest, doctest_namespace: dict[str, Any], tmp_path_factory: Any) -> Iterator[None]:
    if not any(isinstance(item, DoctestItem) for item in request.session.items):
        yield
        return
    import matplotlib as mpl

    mpl.use("agg")
    doctest_namespace.update(names(tmp_path_factory.mktemp("examples")))
    yield


def names(folder: Path) -> dict[str, Any]:
    import numpy as np
    import pandas as pd
    import torch
    from PIL import Image

    from opom_edu import OPOM, load_people, load_recognizer
    from opom_edu.evaluation import CHANGES, Gallery
    from opom_edu.faces.images import as_bytes
    from opom_edu.faces.photos import ARCFACE

    people = load_people("synthetic", count=3, distractors=24)
    surrogate, ada = load_recognizer("ir-softmax"), people["Ada"]
    masks = dict(zip(people, OPOM(surrogate, steps=6).fit_many([one.train for one in people.values()]), strict=True))
    (folder / "photos" / "Ada").mkdir(parents=True)
    for number, crop in enumerate(ada.train[:3]):
        Image.fromarray(as_bytes(crop[None])[0]).save(folder / "photos" / "Ada" / f"{number}.png")
    return {
        "np": np, "pd": pd, "torch": torch, "OPOM": OPOM, "Gallery": Gallery, "CHANGES": CHANGES,
        "people": people, "ada": ada, "surrogate": surrogate, "black_box": load_recognizer("ir-arcface"), "masks": masks,
        "folder": folder, "find": lambda pixels: ARCFACE[None],
    }  # fmt: skip
