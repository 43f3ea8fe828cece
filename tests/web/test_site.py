"""The site in a browser: its labs compute what the library computes, without a kernel and without a network."""

import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from benchmarks.browser import file_server
from opom_edu import OPOM, load_people, load_recognizer
from opom_edu.faces.images import quantize
from opom_edu.faces.synthetic import FIRST_SEED, render_people
from opom_edu.masks import FIUAP
from opom_edu.masks.transforms import random_flip
from opom_edu.web.npm import npm_package
from opom_edu.web.site import LABS
from tests.widgets.pages import in_browser

pytestmark = [in_browser, pytest.mark.slow]
SCORES = "rows => Object.fromEntries(rows.map(row => [row.dataset.recognizer, Number(row.dataset.similarity)]))"
SLIDE = """async level => {
    const [slider, lab] = [document.querySelector(".opom-epsilon"), document.getElementById("lab")];
    slider.value = level;
    const start = performance.now();
    slider.dispatchEvent(new Event("input"));
    while (lab.dataset.opomLevel !== level) await new Promise(go => setTimeout(go, 4));
    return performance.now() - start;
}"""


def until(page: Any, state: str) -> None:
    page.wait_for_selector(f"#lab[data-opom-state={state}]", timeout=120_000)


def scores(page: Any) -> dict[str, float]:
    return dict(page.eval_on_selector_all(".opom-score", SCORES))


def test_the_start_page_shows_bars_that_fall(quiet: Any, site: str, site_folder: Path) -> None:
    quiet.goto(f"{site}/index.html")
    quiet.wait_for_selector("#start[data-opom-state=ready]")
    clean = scores(quiet)
    quiet.locator(".opom-epsilon").fill("8")
    masked = scores(quiet)
    assert len(clean) == 7
    assert all(masked[name] < clean[name] - 0.2 for name in clean)
    told = quiet.locator(".opom-told").inner_text()
    assert told.startswith(f"{quiet.locator('.opom-score:not(.opom-match)').count()} of 7")
    loaded = json.loads(quiet.evaluate("JSON.stringify(performance.getEntriesByType('resource').map(r => r.name))"))
    assert not [name for name in loaded if "/models/" in name or "/ort/" in name]
    files = [site_folder / name.removeprefix(f"{site}/") for name in loaded] + [site_folder / "index.html"]
    assert sum(file.stat().st_size for file in files) < 2**20


@pytest.mark.parametrize("method", ["convex", "affine", "fi-uap", "transfer"])
def test_a_mask_of_the_page_is_the_librarys(quiet: Any, site: str, method: str) -> None:
    quiet.goto(f"{site}/labs/epsilon.html?person=Bea")
    until(quiet, "ready")
    if method == "transfer":
        quiet.get_by_label("momentum and flips").check()
        until(quiet, "ready")
    elif method != "convex":
        quiet.get_by_label("method").select_option(method)
        until(quiet, "ready")
    clean = scores(quiet)
    quiet.click(".opom-learn")
    until(quiet, "done")
    masked = scores(quiet)
    assert quiet.evaluate(SLIDE, "0") < 5000
    assert scores(quiet) == pytest.approx(clean, abs=1e-6)
    person, surrogate = load_people("synthetic")["Bea"], load_recognizer("ir-softmax")
    learner = {
        "fi-uap": FIUAP(surrogate), "convex": OPOM(surrogate), "affine": OPOM(surrogate, hull="affine"),
        "transfer": OPOM(surrogate, momentum=1, transforms=[random_flip()]),
    }[method]  # fmt: skip
    mask = learner.fit(person.train)
    for name in clean:
        recognizer = load_recognizer(name)
        center = recognizer.embed(person.train).mean(0)
        for photos, found in ((person.test, clean), (quantize(mask.apply(person.test)), masked)):
            assert found[name] == pytest.approx(float((recognizer.embed(photos) @ center).mean()), abs=0.02)


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Ten photos of somebody synthetic, each at some place of a larger picture."""
    folder, draw = tmp_path_factory.mktemp("scenes"), np.random.default_rng(0)
    made = []
    for number, photo in enumerate(render_people([FIRST_SEED + 1], 10, size=224, margin=0.6).images[:]):
        scene = np.asarray(Image.fromarray(draw.integers(60, 200, (9, 12, 3), np.uint8)).resize((1200, 900))).copy()
        y, x = draw.integers(0, 900 - len(photo)), draw.integers(0, 1200 - len(photo))
        scene[y : y + len(photo), x : x + len(photo)] = photo
        made.append(folder / f"photo {number}.png")
        Image.fromarray(scene).save(made[-1])
    return made


def test_own_photos_become_protected_files(quiet: Any, site: str, scenes: list[Path], tmp_path: Path) -> None:
    quiet.goto(f"{site}/labs/own.html")
    until(quiet, "ready")
    quiet.context.set_offline(True)  # from "ready" on nothing is loaded
    quiet.set_input_files(".opom-files", scenes)
    quiet.wait_for_function("document.querySelector('.opom-status').textContent.startsWith('10 faces')", timeout=120_000)
    quiet.click(".opom-learn")
    until(quiet, "done")
    rows = quiet.eval_on_selector_all(".opom-own-score", "rows => rows.map(row => ({ ...row.dataset }))")
    fallen = [row["recognizer"] for row in rows if float(row["after"]) < float(row["before"]) - 0.2]
    assert "ir-softmax" in fallen
    assert len(fallen) >= 4
    links = quiet.locator(".opom-download")
    assert links.count() == 10
    for number, scene in enumerate(scenes):
        with quiet.expect_download() as download:
            links.nth(number).click()
        assert download.value.suggested_filename == f"photo {number}_protected.png"
        download.value.save_as(tmp_path / "copy.png")
        change = np.asarray(Image.open(tmp_path / "copy.png"))[..., :3].astype(int) - np.asarray(Image.open(scene)).astype(
            int
        )
        assert 4 <= np.abs(change).max() <= 8
        assert (change == 0).all(-1).mean() > 0.8  # beside the face nothing changes


def test_photos_that_cannot_be_used_are_told(page: Any, site: str, scenes: list[Path]) -> None:
    page.goto(f"{site}/labs/own.html")
    until(page, "ready")
    blank = io.BytesIO()
    Image.new("RGB", (300, 300), "gray").save(blank, "PNG")
    files = [("blank.png", blank.getvalue()), ("broken.jpg", b"\xff\xd8\xff"), ("phone.heic", b"ftypheic"),
             ("good.png", scenes[0].read_bytes())]  # fmt: skip
    page.set_input_files(".opom-files", [{"name": n, "mimeType": "image/png", "buffer": data} for n, data in files])
    page.wait_for_selector(".opom-alert:not([hidden])", timeout=60_000)
    told = page.locator(".opom-alert").inner_text()
    assert "blank.png: no face is found" in told
    assert "broken.jpg: it cannot be opened" in told
    assert "phone.heic: this browser cannot open HEIC" in told
    assert page.locator(".opom-thumbs li").count() == 1
    page.get_by_role("button", name="Use the camera").click()
    page.wait_for_function("document.querySelector('.opom-alert').textContent.includes('camera')")


@pytest.fixture
def damaged(site_folder: Path, tmp_path: Path) -> Iterator[str]:
    folder = shutil.copytree(site_folder, tmp_path / "site")
    model = folder / "models" / "ir-arcface.onnx"
    model.write_bytes(model.read_bytes()[:-1000])
    with file_server(folder) as address:
        yield address


def test_a_model_that_is_cut_off_is_told(page: Any, damaged: str) -> None:
    page.goto(f"{damaged}/labs/epsilon.html")
    page.wait_for_selector(".opom-alert:not([hidden])", timeout=60_000)
    assert "models/ir-arcface.onnx is damaged or incomplete" in page.locator(".opom-alert").inner_text()


def test_a_browser_without_webassembly_is_told(page: Any, site: str) -> None:
    page.add_init_script("delete globalThis.WebAssembly")
    page.goto(f"{site}/labs/epsilon.html")
    page.wait_for_selector(".opom-alert:not([hidden])")
    assert "WebAssembly" in page.locator(".opom-alert").inner_text()


@pytest.fixture(scope="module")
def axe() -> str:
    with npm_package("axe-core@4.10.2") as package:
        return (package / "axe.min.js").read_text()


@pytest.mark.parametrize("lab", ["", *LABS])
@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1280, "light")])
def test_pages_are_accessible_and_keep_to_the_screen(
    new_context: Any, site: str, axe: str, lab: str, width: int, scheme: str
) -> None:
    page = new_context(viewport={"width": width, "height": 720}, color_scheme=scheme).new_page()
    page.goto(f"{site}/labs/{lab}.html" if lab else f"{site}/index.html")
    page.wait_for_selector("[data-opom-state=ready]", timeout=60_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate(axe)
    found = page.evaluate("axe.run().then(found => found.violations)")
    serious = [(one["id"], one["nodes"][0]["html"][:200]) for one in found if one["impact"] in ("serious", "critical")]
    assert serious == []


def test_the_player_scrubs_by_keyboard(quiet: Any, site: str) -> None:
    quiet.goto(f"{site}/labs/player.html")
    until(quiet, "ready")
    quiet.locator(".opom-learn").press("Enter")
    until(quiet, "done")
    last = quiet.locator(".opom-told").inner_text()
    assert "after step 16" in last
    quiet.locator(".opom-step").press("ArrowLeft")
    assert "after step 15" in quiet.locator(".opom-told").inner_text()
    assert quiet.locator("polyline").count() == 2


def test_the_threshold_trades_errors(quiet: Any, site: str) -> None:
    quiet.goto(f"{site}/labs/threshold.html")
    until(quiet, "ready")
    quiet.locator(".opom-threshold").fill("0")
    low = float(quiet.locator("#lab").get_attribute("data-false-matches"))
    quiet.locator(".opom-threshold").fill("0.8")
    assert 0.3 < low < 0.7
    assert float(quiet.locator("#lab").get_attribute("data-false-matches")) < 1e-4
    assert quiet.locator("rect.opom-same").count() > 5
