"""What every command shares: the app, its two consoles, progress, errors in one line, recognizers by their names."""

from __future__ import annotations

import io
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from opom_edu.errors import OpomError, OpomWarning

if TYPE_CHECKING:
    from opom_edu.recognizers import Recognizer

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False, rich_markup_mode=None)
console = Console(soft_wrap=True, markup=False)
errors = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)


@app.callback()
def main() -> None:
    """See and touch how one mask per person protects photos from face recognition (OPOM)."""
    for stream in (sys.stdout, sys.stderr):  # a path that the console cannot show is no reason to fail
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


@contextmanager
def telling(first: str, width: int = 32, disable: bool = False) -> Iterator[Callable[[str, float], None]]:
    """A bar on the error console, gone when it is done, as a function of what is being done and the share that is done.

    Args:
        first: what is done first.
        width: characters for what is being done.
        disable: show nothing.
    """
    columns = (TextColumn(f"{{task.description:{width}}}", markup=False), BarColumn(), TaskProgressColumn())
    with Progress(*columns, TimeElapsedColumn(), console=errors, transient=True, disable=disable) as bar:
        task = bar.add_task(first, total=1)
        yield lambda what, share: bar.update(task, description=what, completed=share)


def note(text: object) -> None:
    """Say on the error console what one may want to know."""
    errors.print(f"note: {text}", style="yellow")


@contextmanager
def plain_errors() -> Iterator[None]:
    """Say what went wrong in one line and exit with status 2; a traceback is for our own mistakes."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always", OpomWarning)
            warnings.showwarning = lambda message, *_args, **_more: note(message)
            yield
    except (OpomError, ValueError, OSError) as error:
        errors.print(f"error: {error}", style="red")
        raise typer.Exit(2) from error
    except KeyboardInterrupt:
        errors.print("interrupted; no unfinished file is left")
        raise typer.Exit(130) from None


def split_names(text: str) -> list[str]:
    """The names in a comma-separated list.

    Example:
        >>> split_names("dlib, ir-softmax,")
        ['dlib', 'ir-softmax']
    """
    return [name.strip() for name in text.split(",") if name.strip()]


def load_measured(
    surrogate: str, targets: str, device: str, usual: Sequence[str] = ()
) -> tuple[Recognizer, list[Recognizer]]:
    """The white box, and on whom else to measure: the parts of an ensemble, and the black boxes.

    These are ``targets``, each a name, or LIKE=PATH for an ONNX file; without any the ``usual`` (by default the zoo's six
    and dlib), saying which are not there.

    Raises:
        ValueError: for an unknown name, or a surrogate among the targets.
        WeightsError, MissingExtraError: if one that was named is not at hand.

    Example:
        >>> white_box, measured = load_measured("ir-softmax", "ir-arcface", "cpu")
        >>> white_box.name, [recognizer.name for recognizer in measured]
        ('ir-softmax', ['ir-arcface'])
    """
    from opom_edu.recognizers import BLACK_BOXES, available, load_recognizer, load_surrogate

    names, named = split_names(surrogate), split_names(targets)
    for name in set(names) & set(named):
        raise ValueError(f"{name} is the surrogate and is evaluated anyway; leave it out of --targets")
    white_box, parts = load_surrogate(names, device=device)
    if named:
        asked = [name for name in dict.fromkeys(named) if name != "none"]
        return white_box, [*parts, *(_brought(name) or load_recognizer(name) for name in asked)]
    others = [name for name in usual or BLACK_BOXES if name not in names]
    return white_box, [*parts, *available(others, lambda name, error: note(f"{name} is left out: {error}"))]


def _brought(name: str) -> Recognizer | None:
    """The recognizer in an ONNX file that is told as LIKE=PATH; None for a name."""
    from opom_edu.recognizers import Recognizer

    like, given, path = name.partition("=")
    return Recognizer.from_onnx(path, like=like, name=f"{like} ({Path(path).stem})") if given else None


def learning(eps: str, steps: int, momentum: float, transfer: bool, seed: int) -> dict[str, Any]:
    """The arguments of a method of making masks, as the options say.

    Raises:
        ValueError: if ``eps`` is no share of the pixel range, such as "0.03" or "8/255".

    Example:
        >>> learning("0.03", steps=16, momentum=1.0, transfer=False, seed=0)
        {'eps': 0.03, 'steps': 16, 'seed': 0, 'momentum': 1.0}
    """
    from opom_edu import masks

    extra = masks.transfer() if transfer else {"momentum": momentum}
    return {"eps": masks.parse_eps(eps), "steps": steps, "seed": seed, **extra}
