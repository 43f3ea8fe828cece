"""Pieces of HTML that labs are put together from; all names and texts in them are escaped."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable
from html import escape
from pathlib import Path

from matplotlib.figure import Figure
from torch import Tensor

from opom_edu.faces.images import png
from opom_edu.plots.style import COLORS

MATCH, NO_MATCH = COLORS[4], COLORS[1]
_COLORS = f":root {{ --opom-match: {MATCH}; --opom-no-match: {NO_MATCH}; --opom-frame: {COLORS[3]}; }}"
STYLE = f"<style>{_COLORS}\n{(Path(__file__).parent / 'labs.css').read_text()}</style>"


def thumbnail(image: Tensor, alt: str, size: int, kind: str = "JPEG", **options: int) -> str:
    """``image (3, H, W)`` as an HTML element ``size`` pixels wide: a small JPEG, or as ``kind`` and ``options`` say."""
    source = f"data:image/{kind.lower()};base64,{png(image, kind, **(options or {'quality': 85}))}"
    return f'<img src="{source}" width="{size}" height="{size}" style="max-width:none" alt="{escape(alt)}">'


def drawing(figure: Figure, alt: str) -> str:
    """A matplotlib figure as an HTML element: for the still picture of a lab whose own chart needs a browser."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=100)
    source = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
    return f'<img src="{source}" style="max-width:100%" alt="{escape(alt)}">'


def alert(error: BaseException) -> str:
    """An error as HTML that a screen reader reads out at once."""
    return f'<div class="opom-error" role="alert"><b>{type(error).__name__}:</b> {escape(str(error))}</div>'


def waiting(text: str = "computing...") -> str:
    """What stands in the place of a result that is being computed; a lab that was stopped says that it is not."""
    return f'<span class="opom-waiting"><span>{text}</span></span>'


def board(heads: Iterable[str], rows: Iterable[str], *, kind: str = "", data: str = "") -> str:
    """Rows under the heads of their columns; ``kind``: a further class of style, ``data``: attributes of the table."""
    cells = "".join(f'<th scope="col">{head}</th>' for head in heads)
    return f'<table class="{f"opom-board {kind}".strip()}" {data}><tr>{cells}</tr>{"".join(rows)}</table>'


def row_head(name: str, white_box: bool) -> str:
    """The cell that a recognizer's row begins with."""
    return f'<th scope="row">{escape(name)}<br><small>{"white" if white_box else "black"} box</small></th>'


def bar(share: float, color: str, *, line: float | None = None, told: str = "") -> str:
    """A bar over a share of its width and an upright line, both in percent; ``told``: the same in words."""
    words = f'role="img" aria-label="{escape(told)}" title="{escape(told)}"' if told else ""
    mark = "" if line is None else f'<b style="left:{line:.1f}%"></b>'
    return f'<div class="opom-bar" {words}><i style="width:{share:.1f}%;background:{color}"></i>{mark}</div>'


def judgment(match: bool) -> str:
    """What a recognizer says of two photos, in words and color."""
    return '<b class="opom-match">match</b>' if match else '<b class="opom-no-match">no match</b>'
