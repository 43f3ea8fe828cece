"""``opom-edu demo``, ``reproduce`` and ``sweep``: methods, recognizers and people in tables."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from opom_edu.cli.common import app, console, errors, learning, load_measured, plain_errors, split_names, telling
from opom_edu.cli.options import Device, Eps, Momentum, Seed, Steps, Transfer

if TYPE_CHECKING:
    from torch import Tensor

    from opom_edu.experiments import Comparison
    from opom_edu.faces import People


OTHERS = 100  # distractors who leave the gallery for methods that learn from other people's photos


PeopleName = Annotated[str, typer.Option(help="synthetic, or folder:PATH, a sub-folder of aligned 112x112 crops per person")]
WhiteBox = Annotated[str, typer.Option(help="learn on this or these; by default ir-softmax, for photos mobilefacenet")]
BlackBoxes = Annotated[str, typer.Option(help="black boxes, comma-separated, or none; by default the zoo's six and dlib")]
Methods = Annotated[
    str, typer.Option(help="of random, fi-uap, fi-uap+, affine, center, convex, reduced; by default the first six")
]
Distractors = Annotated[
    int | None, typer.Option(min=0, help="synthetic strangers in the gallery; beyond 500, rendered once")
]


@app.command("demo")
def demo_command(
    people: PeopleName = "synthetic",
    surrogate: WhiteBox = "",
    targets: BlackBoxes = "",
    methods: Methods = "",
    eps: Eps = "8/255",
    steps: Steps = 16,
    momentum: Momentum = 0.0,
    transfer: Transfer = False,
    train: Annotated[int, typer.Option(help="photos per person to learn from; the rest is for testing")] = 10,
    distractors: Distractors = None,
    seed: Seed = 0,
    device: Device = "cpu",
    out: Annotated[Path, typer.Option(help="folder for report.html and rates.csv")] = Path("out/demo"),
) -> None:
    """Learn one mask per person by several methods, and see which recognizers still find them."""
    own = people == "synthetic"
    if distractors is not None and not own:
        raise typer.BadParameter("--distractors are synthetic strangers: they go with --people synthetic alone")
    with plain_errors():
        from opom_edu.experiments import compare, write_report
        from opom_edu.files import check_folder, write_table
        from opom_edu.masks import METHODS, find_method, make_method

        given = learning(eps, steps, momentum, transfer, seed)
        check_folder(out)
        usual = "ir-softmax" if own else "mobilefacenet"
        white_box, measured = load_measured(surrogate or usual, targets, device)
        wanted = dict.fromkeys(split_names(methods) or [name for name, entry in METHODS.items() if entry.paper])
        with telling("loading people") as show:
            group, others = _load(people, show, train, seed, distractors), None
            if any(find_method(name).others for name in wanted):
                group, others = _set_aside(group)
            made = [make_method(name, white_box, others=others, **given) for name in wanted]
            found = compare(group, white_box, measured, made, show)
        console.print(_table(found))
        write_table(out / "rates.csv", found.rates)
        console.print(f"Report: {write_report(found, out / 'report.html')}")


@app.command("reproduce")
def reproduce_command(
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
    out: Annotated[Path, typer.Option(help="folder for table, rates, heat maps and finished cells")] = Path("out/reproduce"),
) -> None:
    """The paper's table. Stopped at any time, the same command goes on where it was."""
    with plain_errors():
        from dataclasses import replace

        from opom_edu.experiments import Records, paper
        from opom_edu.recognizers import load_recognizer
        from opom_edu.recognizers.recipes import RECIPES

        usual = paper.QUICK if quick else paper.FULL
        size = replace(usual, people=count or usual.people, seeds=seeds or usual.seeds)
        records = Records(out / "records")
        own = people == "synthetic"
        learned_on = split_names(surrogates) or (list(size.surrogates) if own else ["mobilefacenet"])
        names = dict.fromkeys([*learned_on, *(split_names(targets) or (RECIPES if own else ["dlib"]))])
        recognizers = {name: load_recognizer(name, device=device) for name in names}
        with telling("loading people", 56) as show:
            rows = paper.reproduce(
                paper.regimes(people, size, show), [recognizers[name] for name in learned_on], list(recognizers.values()),
                methods=split_names(methods) or paper.TABLE, others=size.others, seeds=range(size.seeds), records=records,
                on_progress=show,
            )  # fmt: skip
        written = paper.write_tables(rows, out, note="These people are synthetic." if own else f"People: {people}.")
    console.print("\n".join(paper.orders_told(paper.orders(rows))), highlight=False)
    console.print(f"Written: {', '.join(map(str, written))}")


@app.command("sweep")
def sweep_command(
    grid: Annotated[Path, typer.Argument(help="a TOML file: methods, people, surrogates, eps, seeds, targets")],
    out: Annotated[Path, typer.Option(help="folder for records and table, seen by every worker")] = Path("out/sweep"),
    scheduler: Annotated[str, typer.Option(help="a Dask scheduler's tcp://HOST:PORT; by default this machine's")] = "",
    workers: Annotated[int, typer.Option(min=0, help="workers to start; by default one per GPU, else one per core")] = 0,
) -> None:
    """Run every job of a grid; stopped at any time, the same command goes on where it was."""
    with plain_errors():
        from opom_edu.experiments import read_grid, run_sweep
        from opom_edu.files import write_table

        with telling("jobs") as show:
            table = run_sweep(
                read_grid(grid), out, scheduler=scheduler or None, workers=workers or None,
                on_start=lambda address: errors.print(f"Dask's dashboard: {address}"),
                on_progress=lambda done, total: show(f"jobs: {done} of {total}", done / total),
            )  # fmt: skip
        write_table(out / "table.csv", table)
    shown = table[["method", "surrogate", "eps", "seed", "recognizer", "unprotected_1", "psr_1"]].round(3)
    console.print(shown.to_string(index=False), highlight=False)
    console.print(f"All columns: {out / 'table.csv'}")


def _load(people: str, show: Callable[[str, float], None], train: int, seed: int, distractors: int | None) -> People:
    from opom_edu.faces import load_people

    if people != "synthetic":
        return load_people(people, train=train)
    more = {} if distractors is None else {"distractors": distractors}
    return load_people(people, train=train, seed=seed, on_progress=partial(show, "loading people"), **more)


def _set_aside(people: People) -> tuple[People, Tensor | None]:
    """The people without the distractors that a method learns from: who is in the gallery must be unknown to it."""
    from opom_edu.faces import People

    count = min(OTHERS, len(people.distractors) // 2)
    note = f"{count} distractors are not in the gallery: methods that need photos of other people learn from them."
    rest = people.distractors[count:]
    kept = People(list(people.values()), rest, people.report, people.photos, f"{people.note} {note}".strip())
    return (kept, people.distractors[:count]) if count else (people, None)


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
