"""``opom-edu train``: the zoo from nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import Progress

from opom_edu.cli.common import app, console, plain_errors, progress

if TYPE_CHECKING:
    from opom_edu.training.batches import Photos
    from opom_edu.training.loop import Step

TESTED = (60, 10)  # held-out people, photos of each
QUICK, USUAL = (100, 8, 2, 100), (2000, 11, 0, 1000)  # people, photos of each, epochs, strangers: in minutes on two cores
Name = Annotated[str, typer.Argument(help="a recognizer to train; opom-edu doctor lists them")]
Every = Annotated[bool, typer.Option("--all", help="train all of them, one after another")]
Quick = Annotated[bool, typer.Option(help="few people and epochs: to see it work, not to use")]
Count = Annotated[int, typer.Option(min=0, help="synthetic people to learn; by default 2000, or 100 with --quick")]
Each = Annotated[int, typer.Option(min=0, help="photos of each; by default 11, or 8 with --quick")]
Epochs = Annotated[int, typer.Option(min=0, help="passes over the photos; by default the recipe's, or 2 with --quick")]
Seed = Annotated[int, typer.Option(min=0, max=2**32, help="the same seed gives the same weights")]
Shared = Annotated[bool, typer.Option("--shared", help="let black boxes learn the surrogate's people, too, for comparison")]
Workers = Annotated[
    int, typer.Option(min=0, help="processes that decode photos meanwhile; 0 keeps all of them decoded in memory")
]
OUT = Path("out/weights")


@app.command()
def train(
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
        from opom_edu.faces.seeds import HELD_OUT, LEARNED
        from opom_edu.files import check_folder
        from opom_edu.recognizers import SURROGATE
        from opom_edu.recognizers.recipes import RECIPES

        if name and name not in RECIPES:
            raise ValueError(f"{name!r} cannot be trained; choose one of {', '.join(RECIPES)}")
        check_folder(out)
        usual = QUICK if quick else USUAL
        size, passes = (people or usual[0], photos or usual[1]), epochs or usual[2] or None
        console.quiet = os.environ.get("RANK", "0") != "0"  # of several processes one tells
        with progress(40, disable=console.quiet) as bar:
            learned: dict[str, Photos] = {}  # of one side at a time
            held_out = _render(bar, "rendering held-out people", HELD_OUT, *TESTED)
            for each in RECIPES if every else [name]:
                side = "surrogate" if shared or each == SURROGATE else "black boxes"
                if side not in learned:
                    learned = {side: _render(bar, "rendering people to learn", LEARNED[side], *size, lazy=workers > 0)}
                seeds = [LEARNED[side], LEARNED[side] + size[0]]
                about = {"side": side, "seeds": seeds, "photos": size[1], "held_out_seeds": [HELD_OUT], "device": device}
                _train_one(
                    bar, each, learned[side], usual[3], folder=out, held_out=held_out, epochs=passes, seed=seed,
                    device=device, about=about, workers=workers,
                )  # fmt: skip


def _train_one(bar: Progress, name: str, photos: Photos, strangers: int, *, folder: Path, **options: Any) -> None:
    """Train a recognizer, measure its thresholds on so many strangers and tell what came of it."""
    from opom_edu.recognizers import Recognizer
    from opom_edu.recognizers.recipes import RECIPES, centered
    from opom_edu.training.calibration import add_thresholds
    from opom_edu.training.loop import train

    with _shown(bar, name) as show:
        module = train(name, RECIPES[name], photos, folder=folder, on_step=show, **options)
    if not console.quiet:
        made = Recognizer.from_module(module, name=name, preprocess=centered)
        add_thresholds(folder / f"{name}.json", made, people=strangers)
    console.print(_described(folder / f"{name}.json"), markup=False)


@contextmanager
def _shown(bar: Progress, title: str) -> Iterator[Callable[[Step], None]]:
    """A task of the bar that shows how far a training is."""
    task = bar.add_task(title, total=1)

    def show(step: Step) -> None:
        told = f"{title} {step.epoch}/{step.epochs}, loss {step.loss:.2f}"
        bar.update(task, description=told, completed=step.step / step.steps)

    yield show
    bar.remove_task(task)


def _render(bar: Progress, title: str, first: int, people: int, photos: int, lazy: bool = False) -> Photos:
    """Photos of synthetic people, with their skin tones as groups; rendered once, then from the renderer's cache."""
    from opom_edu.faces.synthetic import render_people
    from opom_edu.training.batches import Photos

    task = bar.add_task(title, total=1)

    def show(share: float) -> None:
        bar.update(task, completed=share)

    album = render_people(range(first, first + people), photos, regime="mixed", on_progress=show, lazy=lazy)
    bar.remove_task(task)
    return Photos(album.images, album.labels, album.conditions["skin"].to_numpy())


def _described(card: Path) -> str:
    """A recognizer's card in one line."""
    import json

    read = json.loads(card.read_text())
    found = read["accuracy"]["all"]
    figures = f"AUC {found['auc']:.3f}, rank-1 {found['rank1']:.1%}, TAR at FAR 0.1% {found['tar']:.1%}"
    return f"{read['name']}: {figures} on unseen synthetic people; {read['bytes'] / 1e6:.1f} MB in {card.parent}"
