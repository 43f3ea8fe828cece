"""The folder that a web server shows: models, people, labs and, where the notebooks are at hand, the book."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from opom_edu.faces import People, load_people
from opom_edu.faces.images import quantize
from opom_edu.faces.synthetic import FIRST_SEED, SEEDS_PER_SET, render_people
from opom_edu.files import check_folder, replacing
from opom_edu.masks import OPOM
from opom_edu.pages import write_page
from opom_edu.recognizers import SURROGATE, Recognizer, load_recognizer
from opom_edu.recognizers.recipes import RECIPES
from opom_edu.web import networks
from opom_edu.web.figures import write_figures
from opom_edu.web.npm import npm_package

HERE = Path(__file__).parent
FMR = 1e-3  # the false-match rate of the thresholds that the labs show
STEPPERS = (SURROGATE, "mobilefacenet-softmax", "seir-softmax", "inception-softmax")  # one of each architecture
RUNTIME = "onnxruntime-web@1.30.0"  # of npm
RUNTIME_FILES = ("ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm")
FIRST = "Ada"  # who is on the start page
LABS = {
    "epsilon": "The epsilon lab", "player": "Watch a mask being learned", "own": "Your own photos",
    "threshold": "The threshold",
    "searches": "A thousand searches", "hulls": "The hull playground", "vote": "The vote", "sphere": "The sphere",
}  # fmt: skip
Tell = Callable[[str, float], None]


def build_site(out: str | Path, *, notebooks: Path | None = None, on_progress: Tell | None = None) -> Path:
    """Write the site to ``out``; its address is ``index.html``, which any web server shows.

    Args:
        out: a folder; files of an earlier site in it are replaced, others stay.
        notebooks: the course's folder, for the book; None for the labs alone.
        on_progress: called with what is being done and the share of it that is done.

    Raises:
        OpomError: if ``out`` cannot be written to, npm is not there, or a network differs from torch's in ONNX.
        MissingExtraError: without the extra "site".

    Example:
        >>> build_site("out/site", notebooks=Path("notebooks"))  # doctest: +SKIP
        PosixPath('out/site')
    """
    out, tell = Path(out).expanduser(), on_progress or (lambda what, share: None)
    check_folder(out)
    tell("fetching ONNX Runtime", 0)
    _runtime(out / "ort")
    people = load_people("synthetic")
    recognizers = [load_recognizer(name) for name in RECIPES]
    entries = []
    for number, recognizer in enumerate(recognizers):
        tell("writing networks", number / len(recognizers))
        entries.append(_recognizer(out, recognizer, people))
    catalog = {
        "people": _photos(out, people), "strangers": _strangers(out, people), "recognizers": entries, "fmr": FMR,
        "finder": {name: _put(out, f"models/finder_{name}.onnx", model) for name, model in networks.finder().items()},
    }  # fmt: skip
    _put(out, "site.json", json.dumps(catalog).encode())
    tell("drawing the start page", 0)
    _pages(out, _start(out, people, recognizers), book=notebooks is not None)
    write_figures(out, people, recognizers, tell)
    if notebooks is not None:
        from opom_edu.web.book import write_book

        write_book(notebooks, out, tell)
    return out


def _put(out: Path, file: str, data: bytes) -> dict[str, Any]:
    """Write a file; what a page must know to trust it."""
    with replacing(out / file) as temporary:
        temporary.write_bytes(data)
    return {"file": file, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _runtime(folder: Path) -> None:
    if all((folder / name).is_file() for name in RUNTIME_FILES):
        return
    folder.mkdir(parents=True, exist_ok=True)
    with npm_package(RUNTIME) as package:
        for name in RUNTIME_FILES:
            shutil.copy(package / "dist" / name, folder)


def _photos(out: Path, people: People) -> dict[str, Any]:
    """Everybody's photos, as the very JPEG files that the set holds."""
    each = len(next(iter(people.values())).train) + len(next(iter(people.values())).test)
    files = render_people(range(FIRST_SEED, FIRST_SEED + len(people)), each, lazy=True).images.files
    made = {}
    for number, (name, person) in enumerate(people.items()):
        own = [f"people/{name}/{k:02}.jpg" for k in range(each)]
        for file, data in zip(own, files[number * each : (number + 1) * each], strict=True):
            _put(out, file, data)
        made[name] = {"photos": own, "train": len(person.train)}
    return made


def _strangers(out: Path, people: People) -> dict[str, Any]:
    first = FIRST_SEED + SEEDS_PER_SET // 2
    files = render_people(range(first, first + len(people.distractors)), 1, lazy=True).images.files
    return _put(out, "people/strangers.bin", b"".join(files)) | {"ends": np.cumsum([len(file) for file in files]).tolist()}


def _recognizer(out: Path, recognizer: Recognizer, people: People) -> dict[str, Any]:
    name = recognizer.name
    gallery = recognizer.embed(people.distractors).numpy().astype(np.float16).tobytes()
    made = {"name": name, "threshold": recognizer.thresholds[FMR], "note": recognizer.note}
    made["embed"] = _put(out, f"models/{name}.onnx", networks.embedding(recognizer))
    made["gallery"] = _put(out, f"models/{name}_gallery.bin", gallery)
    if name in STEPPERS:
        made["step"] = _put(out, f"models/{name}_step.onnx", networks.step(recognizer))
    return made


def _start(out: Path, people: People, recognizers: list[Recognizer]) -> dict[str, Any]:
    """What the start page shows without any network: a photo, its mask, and everybody's similarities at each level."""
    person = people[FIRST]
    mask = OPOM(recognizers[0], seed=0).fit(person.train)
    levels = (255 * mask.delta).round().to(torch.int16)
    Image.fromarray((levels + 128).to(torch.uint8).permute(1, 2, 0).numpy()).save(out / "people" / "mask.png")
    rows = []
    for recognizer in recognizers:
        center = recognizer.embed(person.train).mean(0)
        at = [recognizer.embed(quantize((person.test + mask.delta * share / 8).clamp(0, 1))) for share in range(9)]
        similar = [round(float((embeddings @ center).mean()), 4) for embeddings in at]
        rows.append({"name": recognizer.name, "threshold": recognizer.thresholds[FMR], "similarity": similar})
    photo = f"people/{FIRST}/{len(person.train) + 3:02}.jpg"
    return {"name": FIRST, "photo": photo, "mask": "people/mask.png", "rows": rows}


def _pages(out: Path, start: Mapping[str, Any], *, book: bool) -> None:
    for source, target in (("scripts", "scripts"), ("style", "style")):
        for file in (HERE / source).iterdir():
            _put(out, f"{target}/{file.name}", file.read_bytes())
    _put(out, "scripts/hulls.js", (HERE.parent / "widgets" / "hulls.js").read_bytes())
    common = {"labs": LABS, "book": book}
    write_page(out / "index.html", "web/pages/start.html", top="", start=start, **common)
    for lab, title in LABS.items():
        write_page(out / "labs" / f"{lab}.html", f"web/pages/{lab}.html", top="../", lab=lab, title=title, **common)
