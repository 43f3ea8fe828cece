"""What all labs share: work in the background, controls and pictures."""

from __future__ import annotations

import atexit
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from html import escape
from typing import Any

import anywidget
import ipywidgets as widgets
import torch
from IPython.display import display
from torch import Tensor

from opom_edu.widgets.html import thumbnail

_WORKERS: weakref.WeakSet[Latest] = weakref.WeakSet()


@atexit.register
def _stop_all() -> None:
    """Let no thread be inside torch while Python shuts down, which would abort the process."""
    for worker in list(_WORKERS):
        worker.cancel()
        worker.join(10)


class Latest:
    """One thread that works on the newest job only.

    A job is an iterator. Between any two of its items a newer job takes its place, so that a slider never queues up work
    that nobody waits for any more.

    Args:
        on_error: called, in the thread, with what a job raised.
    """

    def __init__(self, on_error: Callable[[Exception], None]) -> None:
        self._on_error = on_error
        self._lock = threading.Lock()
        self._next: Iterator[object] | None = None
        self._starting = False
        self._thread: threading.Thread | None = None
        _WORKERS.add(self)

    def submit(self, job: Iterator[object]) -> None:
        """Work on ``job`` as soon as the running one comes to its next item."""
        with self._lock:
            self._next = job
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="opom_edu lab", daemon=True)
                self._thread.start()

    @property
    def waiting(self) -> bool:
        """Whether a newer job than the running one was submitted, or has not come to its first item yet."""
        with self._lock:
            return self._next is not None or self._starting

    def cancel(self) -> None:
        """Give up the running job at its next item, and the one that waits."""
        with self._lock:
            if self._thread is not None:
                self._next = iter(())

    def join(self, timeout: float | None = None) -> bool:
        """Wait until nothing is left to do; whether that is so."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout)
        return self._thread is None

    def _run(self) -> None:
        while True:
            with self._lock:
                job, self._next = self._next, None
                self._starting = job is not None
                if job is None:
                    self._thread = None
                    return
            try:
                for _ in job:
                    self._starting = False
                    if self._next is not None:
                        break
            except Exception as error:  # a thread that dies silently would leave the lab waiting for ever
                self._on_error(error)
            self._starting = False


@contextmanager
def progress() -> Iterator[Callable[[str, float], None]]:
    """A bar below the running cell, gone at the end: ``with progress() as bar: rows = vary(..., on_progress=bar)``.

    Example:
        >>> with progress() as tell:
        ...     tell("learning", 0.5)
        {'text/html': ''}
    """
    place, last = display({"text/html": ""}, raw=True, display_id=True), 0.0  # type: ignore[no-untyped-call]

    def tell(what: str, share: float) -> None:
        nonlocal last
        if place is not None and time.monotonic() > last + 0.1:  # None: not in a notebook
            last = time.monotonic()
            told = f'<progress value="{share:.3f}"></progress> <span role="status">{escape(what)}</span>'
            place.update({"text/html": told}, raw=True)

    try:
        yield tell
    finally:
        if place is not None:
            place.update({"text/html": ""}, raw=True)


class Watch(anywidget.AnyWidget):  # type: ignore[misc]
    """Nothing to see; tells plotly's figures, which hear of the window's size alone, that their place has another width."""

    _esm = """
    export default { render({ el }) {
      let width = 0;
      const tell = () => el.clientWidth !== width && ((width = el.clientWidth), window.dispatchEvent(new Event("resize")));
      const watch = new ResizeObserver(tell);
      watch.observe(el);
      return () => watch.disconnect();
    } }"""


def sized(figure: Any, flex: str = "1 1 auto") -> widgets.VBox:
    """A plotly figure in a box whose width it follows."""
    return widgets.VBox([Watch(), figure], layout={"flex": flex, "min_width": "0", "overflow": "hidden"})


def lively(figure: Any) -> Any:
    """A plotly figure that loses nothing: what is sent while its page still loads does not arrive, so all is sent once more.

    And a page that is loaded anew draws what the figure holds by then.
    """

    def heard(change: Any) -> None:
        if not change["new"]:
            return
        figure._trait_values |= {"_widget_data": deepcopy(figure._data), "_widget_layout": deepcopy(figure._layout)}
        if not figure.__dict__.setdefault("_heard", False):
            figure.__dict__["_heard"] = True
            for index, trace in enumerate(figure._data):
                figure._send_restyle_msg(
                    {name: [value] for name, value in trace.items() if name not in ("type", "uid")}, [index]
                )
            size = ("autosize", "width", "height")
            figure._send_relayout_msg({name: value for name, value in figure._layout.items() if name not in size})

    figure._config = {**figure._config, "responsive": True}
    figure.observe(heard, "_js2py_traceDeltas")
    return figure


def wrap(*controls: widgets.Widget) -> widgets.HBox:
    """Widgets in a row, and in further rows where there is no room."""
    return widgets.HBox(controls, layout={"flex_flow": "row wrap", "align_items": "flex-start"})


def pick(what: str, options: Any, value: Any, width: int = 200, label: int = 60) -> widgets.Dropdown:
    """A list to choose from, ``width`` pixels with its label.

    Raises:
        ValueError: for a value that is none of the options; the message lists them.
    """
    known = [option[1] if isinstance(option, tuple) else option for option in options]
    if value not in known:
        raise ValueError(f"unknown {what} {value!r}; choose one of {', '.join(map(str, known))}")
    style = {"description_width": f"{label}px"}
    return widgets.Dropdown(options=options, value=value, description=what, style=style, layout={"width": f"{width}px"})


def epsilon_slider(levels: float, largest: float, width: int) -> widgets.FloatSlider:
    """Epsilon in half gray levels of 255."""
    slider = widgets.FloatSlider(
        value=levels, min=0, max=largest, step=0.5, description="epsilon (levels)", readout_format=".1f",
        layout={"flex": f"1 1 {width}px", "max_width": "560px"}, style={"description_width": "112px"},
        tooltip="Largest change of a pixel, in gray levels of 255",
    )  # fmt: skip
    slider.add_class("opom-epsilon")
    return slider


class Picture:
    """An image above a caption, which is also its alternative text; ``widget`` is what to lay out.

    HTML, because a widgets.Image has no alternative text.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.widget = widgets.HTML(layout={"width": f"{size + 16}px"})
        self._shown: tuple[Tensor, str] | None = None

    def show(self, image: Tensor, caption: str) -> None:
        """Show ``image (3, H, W)`` in [0, 1] above plain text."""
        if self._shown is None or self._shown[1] != caption or not torch.equal(image, self._shown[0]):
            self._shown = image, caption
            picture = thumbnail(image, caption, self.size, "PNG", compress_level=1)  # without loss, and quickly
            self.widget.value = f'<div class="opom-caption">{picture}<br>{escape(caption)}</div>'
