"""What every lab is made of: a thread that takes the newest job, a line of progress, errors in place, a still picture."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from functools import wraps
from html import escape
from typing import Any

import ipywidgets as widgets
from torch import Tensor

from opom_edu.masks import Mask, Method
from opom_edu.widgets.html import STYLE, alert
from opom_edu.widgets.parts import Latest, Picture


def shown(callback: Callable[..., None]) -> Callable[..., None]:
    """A method of a lab whose errors appear in the lab's ``alert`` instead of a log that nobody reads."""

    @wraps(callback)
    def guarded(lab: Lab, *arguments: Any) -> None:
        try:
            callback(lab, *arguments)
        except Exception as error:
            lab.fail(error)

    return guarded


class Lab(widgets.VBox):  # type: ignore[misc]
    """One box with controls above and what they do below. A subclass writes :meth:`work` and :meth:`still`.

    Every change of a control calls :meth:`restart`; the work of the newest state of the controls is done in a thread, and
    gives way to a newer one between any two of its items.

    Attributes:
        alert: where errors are shown; ``status``, ``progress``, ``stop``: the line about what is being computed.
    """

    def __init__(self) -> None:
        self._done = threading.Event()
        self._worker, self._second = Latest(self.fail), Latest(self.fail)  # the second for what takes long
        self.alert = widgets.HTML()
        self.progress = widgets.FloatProgress(max=1.0, layout={"width": "160px"})
        self.status = widgets.HTML(layout={"flex": "1 1 0", "min_width": "0"}).add_class("opom-status")
        self.stop = widgets.Button(description="Stop", tooltip="Give up what is being computed", layout={"width": "80px"})
        self.stop.on_click(self._stopped)
        super().__init__()
        self.add_class("opom-lab")

    def fill(
        self, above: Sequence[widgets.Widget], below: Sequence[widgets.Widget], beside: Sequence[widgets.Widget] = ()
    ) -> None:
        """Lay out the lab: rows of controls; the line of progress, ``beside`` other controls; and what all this is about."""
        line = widgets.HBox([*beside, self.progress, self.status, self.stop], layout={"align_items": "center"})
        line.add_class("opom-line")
        self.children = [widgets.HTML(STYLE), *above, line, self.alert, *below]

    def watch(self, *controls: widgets.Widget) -> None:
        """Work now, and again whenever one of the controls changes."""
        for control in controls:
            control.observe(self.restart, "value")
        self.restart()

    def work(self) -> Iterator[None]:
        """Compute and show all that the controls ask for, what is quick first. Call :meth:`done` when it is all shown."""
        raise NotImplementedError

    def still(self) -> str:
        """The lab as HTML without a kernel, names escaped."""
        raise NotImplementedError

    def learned(self, method: Method, photos: Tensor, text: str) -> Generator[None, None, Mask]:
        """Learn a mask as a part of :meth:`work`, saying so: ``mask = yield from self.learned(method, photos, text)``."""
        for step in method.iterate(photos):
            self.say(text, step.progress)
            yield
        return Mask(step.delta.cpu(), method.eps, method.recipe())

    @shown
    def restart(self, change: Any = None) -> None:
        """Work on what the controls say now; an observer of any control."""
        self.alert.value = ""
        self._done.clear()
        self.remove_class("opom-stopped")
        self.add_class("opom-stale")
        self._worker.submit(self._afresh())

    def _afresh(self) -> Iterator[None]:
        """The work, once an older one, which may still have called :meth:`done`, is over."""
        self._done.clear()
        yield from self.work()

    def say(self, text: str, share: float = 1.0) -> None:
        """Tell what is being computed, and which share of it is done."""
        self.progress.value = share
        self.status.value = f'<span class="opom-note" role="status" title="{escape(text)}">{escape(text)}</span>'

    def done(self, text: str = "ready") -> None:
        """Tell those who :meth:`wait` that all is shown, and show that it is of what the controls say."""
        self.say(text)
        self.remove_class("opom-stale")
        self._done.set()

    def wait(self, timeout: float = 60.0) -> Lab:
        """Return the lab once everything about the present choice is shown, so that a saved notebook is complete.

        Raises:
            TimeoutError: if that takes more than ``timeout`` seconds.
        """
        end = time.monotonic() + timeout
        # In this order: once no newer job waits, only the running one can still be done.
        while self._worker.waiting or not self._done.is_set():
            if time.monotonic() > end:
                raise TimeoutError(f"the lab is not done after {timeout:g} s: {self.status.value}")
            time.sleep(0.005)
        return self

    def fail(self, error: BaseException) -> None:
        """Show an error in the lab."""
        self.alert.value = alert(error)
        self._end("stopped by an error")

    def close(self) -> None:
        """Stop all work and remove the lab."""
        self._worker.cancel()
        self._second.cancel()
        super().close()

    def _stopped(self, _: Any) -> None:
        self._second.cancel()
        self.say("stopping...")
        self._worker.submit(self._halt())

    def _halt(self) -> Iterator[None]:
        """Takes the place of the running work, so that this has the last word."""
        self._end("stopped; any control goes on")
        yield

    def _end(self, text: str) -> None:
        """Work ends before all is shown: what is older than the controls stays dimmed."""
        self.add_class("opom-stopped")
        self.say(text, 0.0)
        self._done.set()

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """With a still picture of the lab for where no kernel runs: nbconvert, a book, a preview."""
        return {**super()._repr_mimebundle_(**options), "text/html": STYLE + self.still()}


def pictured(told: str, pictures: Iterable[Picture], *rest: str) -> str:
    """A still picture of a lab: a line of text, pictures side by side, and the HTML below them."""
    row = "".join(picture.widget.value for picture in pictures)
    return f'<p>{escape(told)}</p><div style="display:flex">{row}</div>{"".join(rest)}'
