"""The hull playground: its geometry in the page against opom_edu.hulls, hands on it, its traits and its still picture."""

import json
from typing import Any

import numpy as np
import pytest
import torch

pytest.importorskip("anywidget", reason="widgets need the extra: pip install 'opom_edu[lab]'")
from opom_edu.widgets import HullPlayground, hull_playground
from opom_edu.widgets.hull_playground import PRESETS
from tests.widgets.pages import MODEL, in_browser, load


@pytest.fixture
def module(page: Any) -> Any:
    """A blank page that holds the widget's own script as ``module`` and its style."""
    return load(page, HullPlayground)


@pytest.fixture
def shown(module: Any) -> Any:
    """The page with the playground on it."""
    start = hull_playground()
    state = {name: getattr(start, name) for name in ("points", "query", "upper", "presets", "results")}
    module.evaluate(MODEL, state)
    module.evaluate("() => module.default.render({ model, el: document.body })")
    return module


def problems() -> list[dict[str, Any]]:
    """Points, a query and a bound: random ones and degenerate ones."""
    generator = np.random.default_rng(0)
    clouds = [generator.uniform(-1, 1, (count, 2)) for count in (1, 2, 3, 4, 5, 8, 13, 20) for _ in range(6)]
    steps = generator.uniform(-1, 1, (6, 1))
    clouds += [
        steps * [0.3, 0.7], steps * [1.0, 0.0], steps * [0.0, 1.0], np.linspace(-0.6, 0.6, 7)[:, None] * [0.5, -0.25],
        np.full((4, 2), 0.25), np.zeros((3, 2)), np.repeat(generator.uniform(-1, 1, (3, 2)), 2, axis=0),
        np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]]), np.array([[0.1, 0.2], [0.1, 0.2], [0.7, -0.3]]),
    ]  # fmt: skip
    found = []
    for points in clouds:
        inside, on_line = points.mean(0), points[0] + 1.5 * (points[-1] - points[0])
        for query in (generator.uniform(-1, 1, 2), inside, points[0], on_line):
            upper = float(generator.uniform(1 / len(points), 1))
            found += [{"points": points.tolist(), "query": query.tolist(), "upper": bound} for bound in (upper, 0.0, 1.0)]
    return found


@in_browser
def test_the_page_computes_what_the_library_does(module: Any) -> None:
    cases = problems()
    call = """cases => cases.map(({ points, query, upper }) =>
        Object.fromEntries(module.HULLS.map(name => [name, module.project(name, points, query, upper)])))"""
    for case, answers in zip(cases, module.evaluate(call, cases), strict=True):
        playground = HullPlayground(points=case["points"], query=[0.0, 0.0], upper=case["upper"])
        features = torch.tensor(case["points"], dtype=torch.float64)
        query = torch.tensor([case["query"]], dtype=torch.float64)
        assert list(answers) == list(playground.hulls())
        for name, hull in playground.hulls().items():
            found, told = answers[name], (name, case)
            assert found["distance"] == pytest.approx(float(hull.distance(query)), abs=1e-6), told
            assert found["nearest"] == pytest.approx(hull.project(query)[0].tolist(), abs=1e-6), told
            away = (query[0] - torch.tensor(found["nearest"])).tolist()
            assert [found["distance"] * slope for slope in found["gradient"]] == pytest.approx(away, abs=1e-6), told
            if found["weights"] is None:
                assert found["distance"] == 0, told
                continue
            weights = torch.tensor(found["weights"], dtype=torch.float64)
            assert (weights @ features).tolist() == pytest.approx(found["nearest"], abs=1e-9), told
            assert float(weights.sum()) == pytest.approx(1), told
            if name == "affine":
                assert found["weights"] == pytest.approx(hull.weights(query)[0].tolist(), abs=1e-6), told
            else:
                limit = max(case["upper"], 1 / len(features)) if name == "reduced" else 1
                assert float(weights.min()) >= -1e-12, told
                assert float(weights.max()) <= limit + 1e-12, told


@in_browser
def test_mouse_and_keyboard_move_add_and_remove(shown: Any) -> None:
    def distances() -> list[str]:
        return shown.locator(".opom-distance").all_text_contents()

    before, points = distances(), shown.evaluate("model.state.points")
    assert len(before) == 4
    assert shown.locator(".opom-hull-point").count() == 4 * len(points)
    query = shown.locator(".opom-hull-query").nth(2)
    box = query.bounding_box()
    shown.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    shown.mouse.down()
    shown.mouse.move(box["x"] - 60, box["y"] + 50, steps=4)
    shown.mouse.up()
    moved = distances()
    assert all(now != then for now, then in zip(moved, before, strict=True) if then != "0.000")

    first = shown.locator(".opom-hull-point").first
    first.focus()
    shown.keyboard.press("ArrowRight")
    shown.keyboard.press("Shift+ArrowDown")
    assert shown.evaluate("model.state.points[0]") == pytest.approx([points[0][0] + 0.05, points[0][1] - 0.01])
    shown.keyboard.press("Delete")
    assert shown.evaluate("model.state.points") == points[1:]
    assert shown.evaluate("document.activeElement.classList.contains('opom-hull-point')")
    shown.get_by_text("+ photo").click()
    assert shown.evaluate("model.state.points.length") == len(points)
    shown.locator(".opom-panel svg").nth(1).dblclick(position={"x": 12, "y": 12})
    assert shown.evaluate("model.state.points.length") == len(points) + 1
    shown.wait_for_function("model.saved > 0")


@in_browser
def test_presets_and_the_bound_do_what_they_say(shown: Any) -> None:
    seen = {}
    for name in PRESETS:
        shown.get_by_text(name, exact=True).click()
        seen[name] = {hull: found["distance"] for hull, found in shown.evaluate("model.state.results").items()}
    assert seen["query inside"]["convex"] == 0
    assert seen["collinear"]["affine"] > 0
    assert seen["spread"]["affine"] == 0
    assert all(found["center"] >= found["reduced"] >= found["convex"] >= found["affine"] for found in seen.values())
    bound = shown.locator(".opom-upper")
    bound.fill("1")
    results = shown.evaluate("model.state.results")
    assert results["reduced"]["distance"] == pytest.approx(results["convex"]["distance"])
    bound.fill("0")
    results = shown.evaluate("model.state.results")
    assert results["reduced"]["distance"] == pytest.approx(results["center"]["distance"])
    assert "all equal" in shown.locator(".opom-controls output").text_content()


def test_traits_take_arrays_and_refuse_nonsense() -> None:
    playground = hull_playground(np.array([[0.0, 0.5], [0.5, 0.0]]), torch.tensor([0.0, 0.0]))
    assert playground.points == [[0.0, 0.5], [0.5, 0.0]]
    assert playground.query == [0.0, 0.0]
    json.dumps(playground.get_state()["points"])
    with pytest.raises(ValueError, match="1 to 20 points"):
        playground.points = []
    with pytest.raises(ValueError, match="two numbers from -1 to 1"):
        playground.points = [[0.0, 2.0]]
    with pytest.raises(ValueError, match="two numbers"):
        hull_playground(query=[0.0, float("nan")])
    with pytest.raises(ValueError, match="upper"):
        hull_playground(upper=2)
    assert playground.points == [[0.0, 0.5], [0.5, 0.0]]


@pytest.mark.parametrize("preset", PRESETS)
def test_a_still_picture_is_there_without_a_page(preset: str) -> None:
    playground = hull_playground(**PRESETS[preset])
    bundle, _ = playground._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert bundle["text/html"].count("data:image/png") == 1
    assert "convex" in bundle["text/html"]
