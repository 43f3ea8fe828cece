"""Figures that compute in the page, without their kernel: a script, a style, and what the figure knows, as files."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from opom_edu.faces import People
from opom_edu.files import replacing
from opom_edu.masks import OPOM
from opom_edu.recognizers import Recognizer
from opom_edu.widgets.in_page import InPage

BINS = 200  # of the similarities from -1 to 1, for the threshold lab


def write_figures(out: Path, people: People, recognizers: list[Recognizer], tell: Callable[[str, float], None]) -> None:
    """Write what the labs show that notebooks show, too: see :func:`write_figure`."""
    from opom_edu.widgets import hull_playground, search_dots, sphere, vote

    surrogate, person = recognizers[0], people["Ada"]
    makers: Mapping[str, Callable[[], InPage]] = {
        "hulls": hull_playground,
        "searches": lambda: search_dots(gallery=10_000, rate=1e-4, share=0.05),
        "vote": lambda: vote(surrogate, person.train),
        "sphere": lambda: sphere(OPOM(surrogate), person, people.distractors),
    }
    for number, (name, maker) in enumerate(makers.items()):
        tell("drawing figures", number / len(makers))
        figure = maker()
        write_figure(out / "figures", name, figure.get_state())
        figure.close()
    _put(out / "figures" / "similarities.json", [_similarities(recognizer, people) for recognizer in recognizers])


def write_figure(folder: Path, name: str, state: Mapping[str, Any]) -> None:
    """Write one figure from its widget's state: ``NAME.json``, which names the script that draws it.

    Example:
        >>> write_figure(folder, "empty", {"_esm": "export default { render() {} }", "_css": "", "_anywidget_id": "a.b.C"})
        >>> (folder / "empty.json").read_text()
        '{"script": "C", "values": {}}'
    """
    script = str(state["_anywidget_id"]).rsplit(".", 1)[-1]
    for ending, key in (("js", "_esm"), ("css", "_css")):
        with replacing(folder / f"{script}.{ending}") as temporary:
            temporary.write_text(str(state.get(key, "")), encoding="utf-8")
    known = {key: value for key, value in state.items() if key[0] != "_" and key not in ("layout", "tabbable", "tooltip")}
    _put(folder / f"{name}.json", {"script": script, "values": known})


def _similarities(recognizer: Recognizer, people: People) -> dict[str, Any]:
    """How many pairs of photos of one person, and of two strangers, lie in each bin of similarities."""
    same = []
    photos = recognizer.embed(people.distractors).numpy()
    others = (photos @ photos.T)[np.triu_indices(len(photos), 1)]
    for person in people.values():
        own = recognizer.embed(person.test).numpy()
        same.append((own @ own.T)[np.triu_indices(len(own), 1)])
    edges = np.linspace(-1, 1, BINS + 1)
    counts = {"same": np.histogram(np.concatenate(same), edges)[0], "strangers": np.histogram(others, edges)[0]}
    return {"name": recognizer.name, **{name: found.tolist() for name, found in counts.items()}}


def _put(file: Path, value: Any) -> None:
    with replacing(file) as temporary:
        temporary.write_text(json.dumps(value), encoding="utf-8")
