"""``opom-edu train``: the zoo from nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from opom_edu.cli.common import app, console, plain_errors, telling
from opom_edu.cli.options import Seed

if TYPE_CHECKING:
    from opom_edu.training.batches import LabeledPhotos
    from opom_edu.training.loop import TrainingStep

TESTED = (60, 10)  # held-out people, photos of each
FULL_SIZE = (2000, 11, 0, 1000)  # people, photos of each, epochs (0 for the recipe's), strangers
QUICK_SIZE = (100, 8, 2, 100)  # all seven within ten minutes on two cores
Tell = Callable[[str, float], None]
Name = Annotated[str, typer.Argument(help="a recognizer to train; opom-edu doctor lists them")]
Every = Annotated[bool, typer.Option("--all", help="train all of them, one after another")]
Quick = Annotated[bool, typer.Option(help="few people and epochs: to see it work, not to use")]
Count = Annotated[int, typer.Option(min=0, help="synthetic people to learn; by default 2000, or 100 with --quick")]
Each = Annotated[int, typer.Option(min=0, help="photos of each; by default 11, or 8 with --quick")]
Epochs = Annotated[int, typer.Option(min=0, help="passes over the photos; by default the recipe's, or 2 with --quick")]
Shared = Annotated[bool, typer.Option("--shared", help="let black boxes learn the surrogate's people, too, for comparison")]
Workers = Annotated[int, typer.Option(min=0, help="processes that decode photos; 0 keeps all decoded in memory")]
OUT = Path("out/weights")


@app.command("train")
def train_command(
    name: Name = "",
    every: Every = False,
    quick: Quick = False,
    people: Count = 0,
    photos: Each = 0,
    epochs: Epochs = 0,
    seed: Seed = 0,
    shared: Shared = False,
    device: Annotated[str, typer.Option(help="where to train: cpu, cuda, ...")] = "cpu",
    workers: Workers = 0,
    out: Annotated[Path, typer.Option(help="folder for weights, cards and curves; name it in OPOM_EDU_WEIGHTS")] = OUT,
) -> None:
    """Train recognizers on synthetic people; stopped at any time, the same command goes on where it was.

    The surrogate and the black boxes learn different people, and thresholds are measured on others again.
    Several processes or GPUs: torchrun --nproc-per-node 2 .venv/bin/opom-edu train NAME --device cuda
    """
    if bool(name) == every:
        raise typer.BadParameter("name one recognizer, or write --all")
    with plain_errors():
        from opom_edu.faces.seeds import HELD_OUT, POPULATIONS
        from opom_edu.files import check_folder
        from opom_edu.recognizers import SURROGATE
        from opom_edu.recognizers.recipes import RECIPES

        if name and name not in RECIPES:
            raise ValueError(f"{name!r} cannot be trained; choose one of {', '.join(RECIPES)}")
        check_folder(out)
        usual = QUICK_SIZE if quick else FULL_SIZE
        size, passes = (people or usual[0], photos or usual[1]), epochs or usual[2] or None
        console.quiet = os.environ.get("RANK", "0") != "0"  # of several processes one tells
        with telling("rendering held-out people", 40, disable=console.quiet) as tell:
            learned: dict[str, LabeledPhotos] = {}  # of one side at a time
            held_out = _render(tell, "rendering held-out people", HELD_OUT, *TESTED)
            for each in RECIPES if every else [name]:
                side = "surrogate" if shared or each == SURROGATE else "black boxes"
                if side not in learned:
                    learned = {side: _render(tell, "rendering people to learn", POPULATIONS[side], *size, lazy=workers > 0)}
                seeds = [POPULATIONS[side], POPULATIONS[side] + size[0]]
                about = {"side": side, "seeds": seeds, "photos": size[1], "held_out_seeds": [HELD_OUT], "device": device}
                _train_one(
                    tell, each, learned[side], usual[3], folder=out, held_out=held_out, epochs=passes, seed=seed,
                    device=device, about=about, workers=workers,
                )  # fmt: skip


def _train_one(tell: Tell, name: str, photos: LabeledPhotos, strangers: int, *, folder: Path, **options: Any) -> None:
    """Train a recognizer, measure its thresholds on so many strangers and tell what came of it."""
    from opom_edu.recognizers import Recognizer
    from opom_edu.recognizers.recipes import RECIPES, centered
    from opom_edu.training.calibration import add_thresholds
    from opom_edu.training.loop import train

    def on_step(step: TrainingStep) -> None:
        tell(f"{name} {step.epoch}/{step.epochs}, loss {step.loss:.2f}", step.step / step.steps)

    module = train(name, RECIPES[name], photos, folder=folder, on_step=on_step, **options)
    if not console.quiet:
        made = Recognizer.from_module(module, name=name, preprocess=centered)
        shown = partial(tell, "measuring thresholds")
        add_thresholds(folder / f"{name}.json", made, people=strangers, on_progress=shown)
    console.print(_described(folder / f"{name}.json"))


def _render(tell: Tell, what: str, first: int, people: int, photos: int, lazy: bool = False) -> LabeledPhotos:
    """Photos of synthetic people, with their skin tones as groups; rendered once, then from the renderer's cache."""
    from opom_edu.faces.synthetic import render_people
    from opom_edu.training.batches import LabeledPhotos

    show = partial(tell, what)
    album = render_people(range(first, first + people), photos, regime="mixed", on_progress=show, lazy=lazy)
    return LabeledPhotos(album.images, album.labels, album.conditions["skin"].to_numpy())


def _described(card: Path) -> str:
    """A recognizer's card in one line."""
    read = json.loads(card.read_text())
    found = read["accuracy"]["all"]
    figures = f"AUC {found['auc']:.3f}, rank-1 {found['rank1']:.1%}, TAR at FAR 0.1% {found['tar']:.1%}"
    return f"{read['name']}: {figures} on unseen synthetic people; {read['bytes'] / 1e6:.1f} MB in {card.parent}"
