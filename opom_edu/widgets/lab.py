"""What every lab is made of: a thread that takes the newest job, a line of progress, errors in place, a still picture."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from functools import wraps
from html import escape
from typing import Any

import ipywidgets as widgets

from opom_edu.plots.protection import COLORS
from opom_edu.widgets.parts import Latest, alert

MATCH, NO_MATCH = COLORS[4], COLORS[1]
STYLE = f"""<style>
.opom-lab {{ max-width: 1180px; }}
.opom-caption {{ line-height: 1.25; text-align: center; font-size: 12px; }}
.opom-board {{ border-collapse: collapse; line-height: 1.2; font-size: 13px; width: 100%; }}
.opom-board th {{ text-align: left; white-space: nowrap; font-weight: 600; padding: 2px 6px; }}
.opom-board td {{ padding: 2px 6px; white-space: nowrap; }}
.opom-board small {{ opacity: .75; }}
.opom-bar {{ position: relative; width: 130px; height: 18px; background: #8882; }}
.opom-bar i {{ position: absolute; left: 0; top: 0; bottom: 0; }}
.opom-bar b {{ position: absolute; top: -4px; bottom: -4px; width: 0; border-left: 3px solid currentColor; }}
.opom-match {{ color: {MATCH}; }} .opom-no-match {{ color: {NO_MATCH}; }}
.opom-note {{ line-height: 1.3; font-size: 12px; }}
.opom-stale .opom-board, .opom-stale img {{ opacity: .45; }}
.opom-error {{ border-left: 4px solid {MATCH}; padding: 4px 8px; line-height: 1.3; }}
</style>"""


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
        self._worker = Latest(self.fail)
        self.alert = widgets.HTML()
        self.progress = widgets.FloatProgress(max=1.0, layout={"width": "160px"})
        self.status = widgets.HTML(layout={"flex": "1"})
        self.stop = widgets.Button(description="Stop", tooltip="Give up what is being computed", layout={"width": "80px"})
        self.stop.on_click(self._stopped)
        super().__init__()
        self.add_class("opom-lab")

    def fill(self, *rows: widgets.Widget) -> None:
        """Lay out the rows of the lab, top to bottom."""
        self.children = [widgets.HTML(STYLE), *rows]

    def work(self) -> Iterator[None]:
        """Compute and show all that the controls ask for, what is quick first. Call :meth:`done` when it is all shown."""
        raise NotImplementedError

    def still(self) -> str:
        """The lab as HTML without a kernel, names escaped."""
        raise NotImplementedError

    def restart(self, change: Any = None) -> None:
        """Work on what the controls say now; an observer of any control."""
        self.alert.value = ""
        self._done.clear()
        self._worker.submit(self._afresh())

    def _afresh(self) -> Iterator[None]:
        """The work, once an older one, which may still have called :meth:`done`, is over."""
        self._done.clear()
        yield from self.work()

    def say(self, text: str, share: float = 1.0) -> None:
        """Tell what is being computed, and which share of it is done."""
        self.progress.value = share
        self.status.value = f'<span class="opom-note" role="status">{escape(text)}</span>'

    def done(self, text: str = "ready") -> None:
        """Tell those who :meth:`wait` that all is shown."""
        self.say(text)
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
        self.done("stopped by an error")

    def close(self) -> None:
        """Stop all work and remove the lab."""
        self._worker.cancel()
        super().close()

    def _stopped(self, _: Any) -> None:
        self.say("stopping...")
        self._worker.submit(self._halt())

    def _halt(self) -> Iterator[None]:
        """Takes the place of the running work, so that this has the last word."""
        self.done("stopped; any control goes on")
        yield

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """With a still picture of the lab for where no kernel runs: nbconvert, a book, a preview."""
        return {**super()._repr_mimebundle_(**options), "text/html": STYLE + self.still()}
