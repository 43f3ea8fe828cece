"""``opom-edu train``: the zoo from nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from opom_edu.cli.common import app, console, plain_errors, telling
from opom_edu.cli.options import Seed

if TYPE_CHECKING:
    from opom_edu.training.batches import LabeledPhotos
    from opom_edu.training.loop import TrainingStep

HELD_OUT_SIZE = (60, 10)  # people, photos of each
FULL_SIZE = (2000, 11, 0)  # people, photos of each, epochs; 0 for the recipe's
QUICK_SIZE = (100, 8, 2)  # all seven within ten minutes on two cores


@app.command("train")
def train_command(
    name: Annotated[str, typer.Argument(help="a recognizer to train; opom-edu doctor lists them")] = "",
    every: Annotated[bool, typer.Option("--all", help="train all of them, one after another")] = False,
    quick: Annotated[bool, typer.Option(help="few people and epochs: to see it work, not to use")] = False,
    people: Annotated[int, typer.Option(min=0, help="synthetic people to learn; by default 2000, or 100 with --quick")] = 0,
    photos: Annotated[int, typer.Option(min=0, help="photos of each; by default 11, or 8 with --quick")] = 0,
    epochs: Annotated[int, typer.Option(min=0, help="passes over the photos; by default the recipe's, 2 with --quick")] = 0,
    seed: Seed = 0,
    device: Annotated[str, typer.Option(help="where to train: cpu, cuda, ...")] = "cpu",
    workers: Annotated[int, typer.Option(min=0, help="processes that decode photos; 0 keeps them decoded in memory")] = 0,
    out: Annotated[Path, typer.Option(help="folder for weights; name it in OPOM_EDU_WEIGHTS")] = Path("out/weights"),
) -> None:
    """Train recognizers on synthetic people; stopped at any time, the same command goes on where it was.

    Several processes or GPUs: torchrun --nproc-per-node 2 .venv/bin/opom-edu train NAME --device cuda
    """
    if bool(name) == every:
        raise typer.BadParameter("name one recognizer, or write --all")
    with plain_errors():
        from opom_edu.faces.seeds import HELD_OUT, LEARNED
        from opom_edu.files import check_folder
        from opom_edu.recognizers.recipes import RECIPES
        from opom_edu.training.loop import train as fit

        if name and name not in RECIPES:
            raise ValueError(f"{name!r} cannot be trained; choose one of {', '.join(RECIPES)}")
        check_folder(out)
        usual = QUICK_SIZE if quick else FULL_SIZE
        count, each, passes = people or usual[0], photos or usual[1], epochs or usual[2] or None
        console.quiet = os.environ.get("RANK", "0") != "0"  # of several processes one tells
        first = LEARNED["surrogate"]
        about = {"seeds": [first, first + count], "photos": each, "held_out_seeds": [HELD_OUT]}
        with telling("rendering people to learn", 40, disable=console.quiet) as show:
            learned = _render(partial(show, "rendering people to learn"), first, count, each, lazy=workers > 0)
            held_out = _render(partial(show, "rendering held-out people"), HELD_OUT, *HELD_OUT_SIZE)
            for each_name in RECIPES if every else [name]:
                fit(
                    each_name, RECIPES[each_name], learned, folder=out, held_out=held_out, epochs=passes, seed=seed,
                    device=device, about=about, workers=workers, on_step=partial(_tell, show, each_name),
                )  # fmt: skip
                console.print(_described(out / f"{each_name}.json"))


def _tell(show: Callable[[str, float], None], name: str, step: TrainingStep) -> None:
    show(f"{name} {step.epoch}/{step.epochs}, loss {step.loss:.2f}", step.step / step.steps)


def _render(show: Callable[[float], None], first: int, people: int, photos: int, lazy: bool = False) -> LabeledPhotos:
    """Photos of synthetic people, with their skin tones as groups; rendered once, then from the renderer's cache."""
    from opom_edu.faces.synthetic import render_people
    from opom_edu.training.batches import LabeledPhotos

    album = render_people(range(first, first + people), photos, regime="mixed", on_progress=show, lazy=lazy)
    return LabeledPhotos(album.images, album.labels, album.conditions["skin"].to_numpy())


def _described(card: Path) -> str:
    """A recognizer's card in one line."""
    read = json.loads(card.read_text())
    found = read["accuracy"]["all"]
    figures = f"AUC {found['auc']:.3f}, rank-1 {found['rank1']:.1%}, TAR at FAR 0.1% {found['tar']:.1%}"
    return f"{read['name']}: {figures} on unseen synthetic people; {read['bytes'] / 1e6:.1f} MB in {card.parent}"
