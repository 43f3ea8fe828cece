"""``opom-edu train``: the zoo from nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress

from opom_edu.cli.common import app, console, plain_errors, progress

if TYPE_CHECKING:
    from opom_edu.training.batches import Photos
    from opom_edu.training.loop import Step

TRAINING_SEED, HELD_OUT_SEED = 1_000_000, 2_000_000  # of the first person to learn, and to measure accuracy on
HELD_OUT = (60, 10)  # people, photos of each
QUICK = (100, 8, 2)  # people, photos of each, epochs: all seven within ten minutes on two cores


@app.command()
def train(
    name: Annotated[str, typer.Argument(help="a recognizer to train; opom-edu doctor lists them")] = "",
    every: Annotated[bool, typer.Option("--all", help="train all of them, one after another")] = False,
    quick: Annotated[bool, typer.Option(help="few people and epochs: to see it work, not to use")] = False,
    people: Annotated[int, typer.Option(min=0, help="synthetic people to learn; by default 2000, or 100 with --quick")] = 0,
    photos: Annotated[int, typer.Option(min=0, help="photos of each; by default 11, or 8 with --quick")] = 0,
    epochs: Annotated[
        int, typer.Option(min=0, help="passes over the photos; by default the recipe's, or 2 with --quick")
    ] = 0,
    seed: Annotated[int, typer.Option(min=0, max=2**32, help="the same seed gives the same weights")] = 0,
    device: Annotated[str, typer.Option(help="where to train: cpu, cuda, ...")] = "cpu",
    workers: Annotated[
        int, typer.Option(min=0, help="processes that decode photos meanwhile; 0 keeps all of them decoded in memory")
    ] = 0,
    out: Annotated[Path, typer.Option(help="folder for weights, cards and curves; name it in OPOM_EDU_WEIGHTS")] = Path(
        "out/weights"
    ),
) -> None:
    """Train recognizers on synthetic people; stopped at any time, the same command goes on where it was.

    Several processes or GPUs: torchrun --nproc-per-node 2 .venv/bin/opom-edu train NAME --device cuda
    """
    if bool(name) == every:
        raise typer.BadParameter("name one recognizer, or write --all")
    with plain_errors():
        from opom_edu.files import check_folder
        from opom_edu.recognizers.recipes import RECIPES
        from opom_edu.training.loop import train as fit

        if name and name not in RECIPES:
            raise ValueError(f"{name!r} cannot be trained; choose one of {', '.join(RECIPES)}")
        check_folder(out)
        usual = QUICK if quick else (2000, 11, 0)
        count, each, passes = people or usual[0], photos or usual[1], epochs or usual[2] or None
        console.quiet = os.environ.get("RANK", "0") != "0"  # of several processes one tells
        with progress(40, disable=console.quiet) as bar:
            learned = _render(bar, "rendering people to learn", TRAINING_SEED, count, each, lazy=workers > 0)
            held_out = _render(bar, "rendering held-out people", HELD_OUT_SEED, *HELD_OUT)
            about = {"seeds": [TRAINING_SEED, TRAINING_SEED + count], "photos": each, "held_out_seeds": [HELD_OUT_SEED]}
            for each_name in RECIPES if every else [name]:
                with _shown(bar, each_name) as show:
                    fit(
                        each_name, RECIPES[each_name], learned, folder=out, held_out=held_out, epochs=passes, seed=seed,
                        device=device, about=about, workers=workers, on_step=show,
                    )  # fmt: skip
                console.print(_described(out / f"{each_name}.json"), markup=False)


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
