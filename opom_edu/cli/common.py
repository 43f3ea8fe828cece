"""What every command shares: the app, its two consoles, errors in one line, options that several commands take."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn

from opom_edu.errors import OpomError, OpomWarning

if TYPE_CHECKING:
    from opom_edu.masks import OPOM
    from opom_edu.recognizers import Recognizer

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False, rich_markup_mode=None)
console = Console(soft_wrap=True)
errors = Console(stderr=True, soft_wrap=True, highlight=False)


@app.callback()
def main() -> None:
    """See and touch how one mask per person protects photos from face recognition (OPOM)."""


Surrogate = Annotated[str, typer.Option(help="learn on this recognizer, or on several, comma-separated")]
Eps = Annotated[str, typer.Option(help="largest change of a pixel, as a share of its range")]
Steps = Annotated[int, typer.Option(help="gradient steps per mask")]
Momentum = Annotated[float, typer.Option(help="share of the previous direction kept; 1 goes well with 100 steps")]
Transfer = Annotated[bool, typer.Option("--transfer", help="learn for transfer: momentum 1, random flips, input diversity")]
Upsample = Annotated[int, typer.Option(min=0, max=4, help="higher finds smaller faces, each time 4 times as slowly")]
Seed = Annotated[int, typer.Option(min=0, max=2**32, help="the same seed gives the same masks")]
Device = Annotated[str, typer.Option(help="where the surrogate runs: cpu, cuda, ...")]


def progress(width: int = 32, share: ProgressColumn | None = None, disable: bool = False) -> Progress:
    """A bar on the error console, gone when it is done: what is being done, ``width`` characters, and how much of it."""
    text = TextColumn(f"{{task.description:{width}}}", markup=False)
    columns = (text, BarColumn(), share or TaskProgressColumn(), TimeElapsedColumn())
    return Progress(*columns, console=errors, transient=True, disable=disable)


@contextmanager
def telling(first: str, width: int = 32) -> Iterator[Callable[[str, float], None]]:
    """Such a bar for one task, as a function that tells what is being done and which share of the whole is done."""
    with progress(width) as bar:
        task = bar.add_task(first, total=1)
        yield lambda what, share: bar.update(task, description=what, completed=share)


@contextmanager
def plain_errors() -> Iterator[None]:
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


def split_names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def load_targets(targets: str, surrogates: list[str], usual: Sequence[str] = ()) -> list[Recognizer]:
    """The named black boxes; without names the ``usual`` (by default the zoo's six and dlib), saying which are not there."""
    from opom_edu.recognizers import BLACK_BOXES, available, load_recognizer

    for name in set(surrogates) & set(split_names(targets)):
        raise ValueError(f"{name} is the surrogate and is evaluated anyway; leave it out of --targets")
    if targets:
        return [load_recognizer(name) for name in dict.fromkeys(split_names(targets)) if name != "none"]
    return available([name for name in usual or BLACK_BOXES if name not in surrogates], _say_left_out)


def _say_left_out(name: str, error: OpomError) -> None:
    errors.print(f"note: {name} is left out: {error}", style="yellow", markup=False)


def learner(
    surrogate: str, targets: str, usual: Sequence[str], device: str, *, eps: str, steps: int, momentum: float,
    transfer: bool, seed: int,
) -> tuple[OPOM, list[Recognizer]]:  # fmt: skip
    """The convex hull's method as the options say, and on whom else to measure: an ensemble's parts, and the targets."""
    from opom_edu.masks import OPOM
    from opom_edu.masks import transfer as bundle
    from opom_edu.recognizers import load_surrogate

    budget, names = parse_eps(eps), split_names(surrogate)
    white_box, parts = load_surrogate(names, device=device)
    measured = [*parts, *load_targets(targets, names, usual)]
    extra = bundle() if transfer else {"momentum": momentum}
    return OPOM(white_box, eps=budget, steps=steps, seed=seed, **extra), measured
