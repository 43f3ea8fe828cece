"""Render the demo set and the two pages of pictures in this folder: python datasets/make_demo_set.py"""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
from PIL import Image

HERE = Path(__file__).resolve().parent
os.environ["OPOM_EDU_CACHE"] = str(HERE / "synthetic_people" / "demo")

from synthetic_people.camera import Sitter, take_photo  # noqa: E402
from synthetic_people.conditions import Conditions, sample_conditions  # noqa: E402
from synthetic_people.identity import sample_identity  # noqa: E402
from synthetic_people.stored import DEMO, VERSION  # noqa: E402

from opom_edu.faces import load_people  # noqa: E402
from opom_edu.faces.synthetic import FIRST_SEED  # noqa: E402
from opom_edu.files import sha256  # noqa: E402

PEOPLE = [FIRST_SEED + index for index in range(24)]


def main() -> None:
    for old in (DEMO).glob("people-*.npz"):
        old.unlink()
    load_people("synthetic")
    files = sorted((DEMO).glob("people-*.npz"))
    manifest = {
        "made by": "python datasets/make_demo_set.py",
        "holds": "load_people('synthetic'): 24 people x 20 photos and 500 distractors, 112x112, regime common, seed 0",
        "renderer": VERSION,
        "license": "CC0-1.0",
        "files": {file.name: {"bytes": file.stat().st_size, "sha256": sha256(file)} for file in files},
    }
    (DEMO / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    print(f"{len(files)} files, {sum(file.stat().st_size for file in files) / 1e6:.1f} MB")
    save([portrait(seed) for seed in PEOPLE], 6, HERE / "portraits.jpg")
    save([photo for seed in PEOPLE[::3] for photo in album_of(seed, 8)], 8, HERE / "contact_sheet.jpg")


def portrait(seed: int) -> np.ndarray:
    """A person at rest in soft light, in the usual hair."""
    who, rng = sample_identity(seed), np.random.default_rng([seed, 12])
    usual = sample_conditions(who, rng)
    look = Conditions(
        yaw=float(rng.uniform(-20, 20)), pitch=float(rng.uniform(-3, 3)), roll=float(rng.uniform(-3, 3)),
        light_azimuth=float(rng.choice([-1, 1]) * rng.uniform(20, 45)), light_elevation=float(rng.uniform(25, 45)),
        light_hardness=0.3, ambient=0.75, rim=0.15, distance=16.0, background=usual.background, cloth=usual.cloth,
        hair=who.hair[0], makeup=0.5 * who.makeup, glasses=who.glasses is not None, blur=0.0, noise=0.003, jpeg=95,
    )  # fmt: skip
    return take_photo(Sitter(who), look, size=256, margin=0.4).pixels


def album_of(seed: int, photos: int) -> list[np.ndarray]:
    """A person under conditions of both regimes in turn."""
    who = sample_identity(seed)
    sitter = Sitter(who)
    taken = []
    for index in range(photos):
        regime = ("common", "celebrity")[index % 2]
        conditions = sample_conditions(who, np.random.default_rng([seed, 11, index]), regime=regime)
        taken.append(take_photo(sitter, conditions, size=192, margin=0.25).pixels)
    return taken


def save(pictures: list[np.ndarray], columns: int, path: Path) -> None:
    rows = [np.concatenate(pictures[i : i + columns], 1) for i in range(0, len(pictures), columns)]
    Image.fromarray(np.concatenate(rows)).save(path, quality=88)
    print(path)


if __name__ == "__main__":
    main()
