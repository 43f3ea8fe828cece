"""Every lab in JupyterLab's full layout, beside the file browser: its points or rows are seen, nothing leaves the column."""

from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Page

from benchmarks.browser import ROOT, VIEWPORT, idle, jupyter_lab, run_all
from tests.browser.conftest import shot

SIZES = {"1280": VIEWPORT, "900": {"width": 900, "height": 720}}
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
SETUP = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from opom_edu import OPOM, load_people, load_recognizer
from opom_edu.experiments import reproduce
from opom_edu.widgets import *
from tests.faces.test_video import film, save, sways
from tests.protect.albums import blobs, find
from tests.widgets.test_photo_lab import content, read_photo
from tests.widgets.test_video_lab import report
people = load_people("synthetic", count=4, distractors=60)
names = ("ir-softmax", "ir-arcface", "mobilefacenet-softmax", "seir-softmax", "inception-softmax")
surrogate, *black_boxes = [load_recognizer(name) for name in names]
"""
# A lab's cell, and what is to be seen of it: a selector, and how many there are at the least.
LABS = {
    "epsilon": ('lab = epsilon_lab(people, surrogate, black_boxes, person="Ada").wait(); lab', ".opom-board .opom-bar", 5),
    "threshold": ("threshold_lab(people, [surrogate, *black_boxes]).wait()", "rect", 20),
    "map": ("feature_map(people, surrogate, levels=8).wait()", ".scatterlayer .point", 80),
    "hulls": ("hull_playground()", ".opom-hull-point", 24),
    "hull photos": ('hull_photos(surrogate, people["Ada"], people.distractors[:1])', ".opom-card img", 10),
    "emerging": ('emerging(people["Ada"].test, OPOM(surrogate, steps=4).fit(people["Ada"].train))', ".opom-taken img", 10),
    "turning": (
        'mask = OPOM(surrogate, steps=4, hull="center").fit(people["Ada"].train)\n'
        'worn = {name: mask.apply(people["Ada"].test) for name in ("flat", "in the texture")}\n'
        'turning(people["Ada"].test, worn, range(10))',
        ".opom-turned img",
        4,
    ),
    "vote": ('vote(surrogate, people["Ada"].train)', ".opom-vote-bar", 11),
    "dots": ("search_dots()", ".opom-searches circle", 1000),
    "sphere": ('sphere(OPOM(surrogate, steps=8), people["Ada"], people.distractors)', ".opom-ball .opom-place", 80),
    "blind": (
        'masks = {level: OPOM(surrogate, eps=level / 255, steps=4).fit(people["Ada"].train) for level in (2, 8)}\n'
        'blind_test(people["Ada"].test[:2], masks, {2: 20.0, 8: 80.0})',
        ".opom-choice img",
        2,
    ),
    "player": ('mask_player(people, surrogate, person="Ada", steps=12).wait()', ".scatterlayer .point", 40),
    "transfer": ("transfer_lab(people, [surrogate, *black_boxes]).wait(300)", ".opom-matrix td", 25),
    "photos": ('photo_count_lab(people, surrogate, black_boxes, person="Ada", photos=3).wait()', ".opom-board .opom-bar", 5),
    "video": (
        'clips = [save(Path(name), film({i: sways(40)}, 12)) for i, name in enumerate(("clean.mp4", "copy.mp4"))]\n'
        "video_lab(*clips, report()).wait()",
        "svg path",
        4,
    ),
    "robustness": ('robustness_lab(people, surrogate, black_boxes, person="Ada").wait(120)', ".opom-board .opom-bar", 12),
    "photo": (
        'photos = {f"{i}.png": read_photo(content(face)) for i, face in enumerate(blobs(0, 4))}\n'
        "photo_lab(photos, surrogate, black_boxes, strangers=people.distractors, find=find).wait()",
        ".opom-board .opom-bar",
        5,
    ),
    "table": (
        'methods = ("random", "fi-uap", "center")\n'
        "regimes = dict.fromkeys(('common', 'celebrity'), lambda: people)\n"
        "rows = reproduce(regimes, [surrogate], [surrogate, *black_boxes], methods=methods, others=0, steps=1)\n"
        "table_lab(rows).wait()",
        ".opom-board td",
        16,
    ),
}
# What of a lab's visible parts reaches beyond the right edge of its output, or is cut off by a box within.
OUTSIDE = """(output) => {
  const edge = output.getBoundingClientRect().right + 1;
  const cut = (e) => e.scrollWidth > e.clientWidth + 2 && e.clientWidth && getComputedStyle(e).overflowX !== "visible"
    && !e.closest(".opom-status, svg, .noUi-target, select, button, .widget-readout, input");
  const names = ["lab", "playground", "searches", "sphere", "blind", "hull-photos", "emerging", "turning", "vote"];
  const labs = names.map((name) => `.opom-${name} *`).join();
  return [...output.querySelectorAll(labs)]
    .filter((e) => e.getClientRects().length && !e.closest("defs, .modebar, .opom-said"))
    .filter((e) => (e.getBoundingClientRect().right > edge && !e.closest("svg")) || cut(e))
    .map((e) => `${e.tagName}.${e.className.baseVal ?? e.className} ${e.textContent.slice(0, 40)}`).slice(0, 6);
}"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    path: Path = tmp_path_factory.mktemp("labs") / "labs.ipynb"
    cells = [nbformat.v4.new_code_cell(source) for source in (SETUP, *(cell for cell, _, _ in LABS.values()))]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), path)
    with jupyter_lab(path) as address:
        yield address


def test_labs_fit_their_column(quiet: Page, address: str) -> None:
    quiet.goto(f"{address}/lab/tree/labs.ipynb?reset")
    quiet.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    quiet.wait_for_selector(".jp-DirListing-item")  # the file browser
    quiet.wait_for_function("window.jupyterapp !== undefined")
    run_all(quiet)
    idle(quiet, 240)
    faults = []
    for theme, title in THEMES.items():
        quiet.evaluate("(theme) => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", title)
        quiet.wait_for_selector(f"[data-jp-theme-light='{str(theme == 'light').lower()}']", state="attached")
        for size, viewport in SIZES.items():
            quiet.set_viewport_size(viewport)
            quiet.wait_for_timeout(800)
            for index, (name, (_, selector, least)) in enumerate(LABS.items(), start=1):
                output = quiet.locator(".jp-CodeCell").nth(index).locator(".jp-OutputArea")
                output.scroll_into_view_if_needed()
                output.evaluate("(e) => e.scrollIntoView({block: 'start'})")
                quiet.wait_for_timeout(300)
                shot(quiet, f"column-{name}-{size}-{theme}")
                seen = output.locator(selector).count()
                if seen < least:
                    faults.append(f"{name}, {size}, {theme}: {seen} of {least} {selector}")
                if outside := output.evaluate(OUTSIDE):
                    faults.append(f"{name}, {size}, {theme}: outside of the column: {outside}")
    assert not faults, "\n".join(faults)
