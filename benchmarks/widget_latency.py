"""How long a class waits after a move of the epsilon slider: in JupyterLab and in Voila, in a real Chromium.

    python benchmarks/widget_latency.py [--moves 50]

From the key press to the moment when the scores of all recognizers of the zoo in the page are those of the new epsilon,
once the masks are learned; and from opening the page to the first scores. The yardstick, in the same browser and server: a
slider whose observer writes a board of one number, which is the least that any widget costs.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from browser import ARGUMENTS, CHROMIUM, ROOT, VIEWPORT, jupyter_lab, open_chapter, voila
from common import arguments, report
from playwright.sync_api import Page, sync_playwright

READY = 120.0  # seconds until all masks of a person are learned on a busy machine
# Resolves to the milliseconds from the key press until the board is that of another epsilon and complete.
MOVE = """(key) => new Promise((resolve, reject) => {
  const board = () => document.querySelector('table.opom-board');
  const handle = document.querySelector('.opom-epsilon .noUi-handle');
  const before = board().dataset.epsilon;
  const watch = new MutationObserver(() => {
    const table = board();
    if (!table || table.dataset.epsilon === before || table.dataset.complete !== 'true') return;
    watch.disconnect();
    resolve(performance.now() - start);
  });
  watch.observe(document.body, {subtree: true, childList: true, characterData: true, attributes: true});
  setTimeout(() => reject(new Error('no new scores within 10 s')), 10000);
  const start = performance.now();
  handle.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));
})"""


BARE = """import ipywidgets as widgets

slider, board = widgets.FloatSlider(value=8, max=16, step=0.5), widgets.HTML()
def show(change):
    score = '<tr><td class="opom-score">0</td></tr>'
    board.value = f'<table class="opom-board" data-epsilon="{slider.value}" data-complete="true">{score}</table>'
slider.observe(show, "value")
slider.add_class("opom-epsilon")
show(None)
box = widgets.VBox([slider, board, widgets.HTML('<span role="status">ready</span>')])
box.add_class("opom-lab")
box"""


# The hull playground computes in the page, so its answer is there when the key press returns.
DRAG = """(key) => {
  const told = () => [...document.querySelectorAll('.opom-distance')].map(text => text.textContent).join();
  const before = told(), start = performance.now();
  document.querySelector('.opom-hull-query').dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));
  if (told() === before) throw new Error('no distance has changed');
  return performance.now() - start;
}"""


def playground(page: Page, moves: int) -> npt.NDArray[Any]:
    """Milliseconds of each move of the hull playground's query."""
    page.wait_for_selector(".opom-hull-query", timeout=60_000)
    keys = ("ArrowLeft", "ArrowRight")
    return np.array([page.evaluate(DRAG, keys[move % 2]) for move in range(moves + 5)][5:])


def measure(page: Page, moves: int) -> npt.NDArray[Any]:
    """Milliseconds of each move, back and forth over the whole range, with a pause as between a hand's moves."""
    page.wait_for_function(
        "[...document.querySelectorAll('.opom-lab [role=status]')].some(s => s.innerText === 'ready')", timeout=1000 * READY
    )
    page.locator(".opom-epsilon .noUi-handle").focus()
    taken = []
    for move in range(moves + 5):
        taken.append(page.evaluate(MOVE, "ArrowLeft" if move // 12 % 2 == 0 else "ArrowRight"))
        time.sleep(0.15)
    return np.array(taken[5:])  # the first moves warm up


def main(moves: int, out: Path) -> None:
    bare = ROOT / "out" / "bare.ipynb"
    bare.parent.mkdir(exist_ok=True)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    cell: dict[str, Any] = {
        "cell_type": "code",
        "id": "bare",
        "metadata": {},
        "execution_count": None,
        "outputs": [],
        "source": BARE,
    }
    metadata: dict[str, Any] = {"kernelspec": kernel, "language_info": {"name": "python"}}
    notebook = {"cells": [cell], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    bare.write_text(json.dumps(notebook))
    rows = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        for server, what, path in (
            ("JupyterLab", "bare slider", bare), ("JupyterLab", "epsilon lab", ROOT / "notebooks" / "06_epsilon_lab.ipynb"),
            ("JupyterLab", "hull playground", ROOT / "notebooks" / "03_hulls.ipynb"),
            ("Voila", "bare slider", bare), ("Voila", "epsilon lab", ROOT / "notebooks" / "app" / "epsilon_lab.ipynb"),
        ):  # fmt: skip
            page = browser.new_page(viewport=VIEWPORT)
            with jupyter_lab(bare) if server == "JupyterLab" else voila(path) as address:
                start = time.perf_counter()
                if server == "JupyterLab":
                    open_chapter(page, address, path.name)
                else:
                    page.goto(address)
                page.wait_for_selector(".opom-score, .opom-distance", timeout=60_000)
                opened = time.perf_counter() - start
                taken = playground(page, moves) if what == "hull playground" else measure(page, moves)
                median, late = np.percentile(taken, [50, 95])
            rows.append({"server": server, "what": what, "first shown, s": opened, "median, ms": median, "95th, ms": late})
            page.close()
        browser.close()
    rows = [{key: float(value) if isinstance(value, np.floating) else value for key, value in row.items()} for row in rows]
    report("widget_latency", rows, out=out, note=f"{moves} moves of the slider, with {len(os.sched_getaffinity(0))} cores")


if __name__ == "__main__":
    parser = arguments(__doc__)
    parser.add_argument("--moves", type=int, default=50)
    options = parser.parse_args()
    main(4 if options.tiny else options.moves, options.out)
