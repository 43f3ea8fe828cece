"""A later recognizer: twice as wide as the surrogate, trained on people of its own, after all masks were made.

    python benchmarks/later.py [--threads 1]

Writes weights, card, curves and checkpoint to ``out/later``; stopped at any time, the same command goes on where it was.
``benchmarks/search.py`` asks this recognizer about masks that were learned before it. Its people are neither those of the
surrogate nor those of the black boxes, and no figure is measured on them.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

import torch

from opom_edu.faces.seeds import HELD_OUT, LATER
from opom_edu.faces.synthetic import render_people
from opom_edu.recognizers import Recognizer
from opom_edu.recognizers.recipes import RECIPES, centered
from opom_edu.training.batches import LabeledPhotos
from opom_edu.training.loop import TrainingStep, train

NAME = "ir-wide, later"
FOLDER = Path("out/later")
WIDE = dataclasses.replace(RECIPES["ir-softmax"], network={**RECIPES["ir-softmax"].network, "width": 64})


def photos(first: int, people: int, each: int) -> LabeledPhotos:
    """Photos of synthetic people; rendered once, then from the cache."""
    album = render_people(range(first, first + people), each, regime="mixed")
    return LabeledPhotos(album.images, album.labels, album.conditions["skin"].to_numpy())


def later(folder: Path = FOLDER, *, people: int = 2000, each: int = 11, epochs: int | None = None) -> Recognizer:
    """The recognizer, trained where ``folder`` lacks it."""

    def told(step: TrainingStep) -> None:
        if step.step % 50 == 0:
            print(f"epoch {step.epoch}/{step.epochs}, step {step.step}/{step.steps}, loss {step.loss:.2f}", flush=True)

    about = {"side": "later", "seeds": [LATER, LATER + people], "photos": each, "held_out_seeds": [HELD_OUT]}
    module = train(
        "ir-wide", WIDE, photos(LATER, people, each), folder=folder, held_out=photos(HELD_OUT, 60, 10), epochs=epochs,
        about=about, on_step=told,
    )  # fmt: skip
    return Recognizer.from_module(module, name=NAME, preprocess=centered)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    torch.set_num_threads(parser.parse_args().threads)
    later()
