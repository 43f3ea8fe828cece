"""What all labs share: work in the background, pictures, and words that are safe to show."""

from __future__ import annotations

import atexit
import base64
import io
import threading
import weakref
from collections.abc import Callable, Iterator
from html import escape

import ipywidgets as widgets
import torch
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

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


def encode(image: Tensor, *, quality: int | None = None) -> bytes:
    """``image (3, H, W)`` in [0, 1] as PNG, without loss; or as JPEG of a ``quality`` from 1 to 95, which is smaller."""
    pixels = image.mul(255).round().to(torch.uint8).permute(1, 2, 0).cpu().numpy()
    file = io.BytesIO()
    if quality is None:
        Image.fromarray(pixels).save(file, format="PNG", compress_level=1)
    else:
        Image.fromarray(pixels).save(file, format="JPEG", quality=quality)
    return file.getvalue()


def thumbnail(image: Tensor, alt: str, size: int) -> str:
    """``image (3, H, W)`` as an HTML element ``size`` pixels wide."""
    return _element(encode(image, quality=85), "jpeg", alt, size)


def _element(data: bytes, kind: str, alt: str, size: int) -> str:
    source = f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
    return f'<img src="{source}" width="{size}" height="{size}" style="max-width:none" alt="{escape(alt)}">'


def drawing(figure: Figure, alt: str) -> str:
    """A matplotlib figure as an HTML element: for the still picture of a lab whose own chart needs a browser."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=100)
    source = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
    return f'<img src="{source}" style="max-width:100%" alt="{escape(alt)}">'


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
            picture = _element(encode(image), "png", caption, self.size)
            self.widget.value = f'<div class="opom-caption">{picture}<br>{escape(caption)}</div>'


def alert(error: BaseException) -> str:
    """An error as HTML that a screen reader reads out at once."""
    return f'<div class="opom-error" role="alert"><b>{type(error).__name__}:</b> {escape(str(error))}</div>'
