"""What the site's epsilon lab costs in a browser: loading, learning Ada's mask, a move of the slider.

    python benchmarks/page.py [--site out/site]

Seconds in Chromium on one core, from a server on this machine, the median of three visits; and the yardstick: the same mask
learned by the library on one thread. The site is written first (without the book) if it is not there.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import torch
from browser import ARGUMENTS, CHROMIUM, file_server
from common import arguments, report
from playwright.sync_api import sync_playwright

from opom_edu import OPOM, load_people, load_recognizer
from opom_edu.web.site import build_site

SLIDE = """async level => {
    const [slider, lab] = [document.querySelector(".opom-epsilon"), document.getElementById("lab")];
    const start = performance.now();
    slider.value = level;
    slider.dispatchEvent(new Event("input"));
    while (lab.dataset.opomLevel !== level) await new Promise(go => setTimeout(go, 2));
    return (performance.now() - start) / 1000;
}"""


def visit(address: str) -> dict[str, float]:
    """One visit with an empty cache."""
    with sync_playwright() as playing:
        browser = playing.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        page = browser.new_page()
        begun = time.perf_counter()
        page.goto(f"{address}/labs/epsilon.html?person=Ada")
        page.wait_for_selector("#lab[data-opom-state=ready]", timeout=120_000)
        ready = time.perf_counter()
        page.click(".opom-learn")
        page.wait_for_selector("#lab[data-opom-state=done]", timeout=120_000)
        done = time.perf_counter()
        moves = [float(page.evaluate(SLIDE, level)) for level in ("4", "0", "6", "2", "8")]
        browser.close()
    return {"until ready": ready - begun, "learning": done - ready, "a move of the slider": median(moves)}


def library() -> float:
    """Seconds of the library for the same mask, on one thread."""
    person, method = load_people("synthetic")["Ada"], OPOM(load_recognizer("ir-softmax"))
    torch.set_num_threads(1)
    method.fit(person.train)
    begun = time.perf_counter()
    method.fit(person.train)
    return time.perf_counter() - begun


def main() -> None:
    parser = arguments(__doc__, rounds=3)
    parser.add_argument("--site", type=Path, default=Path("out/site"), help="folder of the site")
    options = parser.parse_args()
    core = min(os.sched_getaffinity(0)) if sys.platform == "linux" else None
    with tempfile.TemporaryDirectory() as folder:
        site = options.site if (options.site / "site.json").is_file() else build_site(folder)
        if core is not None:
            os.sched_setaffinity(0, {core})  # the browser's processes, too
        with file_server(site) as address:
            visits = [visit(address) for _ in range(1 if options.tiny else options.rounds)]
        seconds = {name: median(one[name] for one in visits) for name in visits[0]}
        yardstick = library()
    seconds["yardstick: the library learns"] = yardstick
    rows = [{"what": name, "seconds": round(value, 2)} for name, value in seconds.items()]
    note = f"one core; learning takes {seconds['learning'] / yardstick:.1f} times as long as in the library"
    report("page", rows, out=options.out, note=note)


if __name__ == "__main__":
    main()
