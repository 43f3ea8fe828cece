"""Figures that compute in the page, put on a blank one: what their tests share."""

import base64
from importlib.util import find_spec
from typing import Any

import pytest

from benchmarks.browser import CHROMIUM

in_browser = pytest.mark.skipif(
    CHROMIUM is None or find_spec("pytest_playwright") is None, reason="the page needs Chromium and pytest-playwright"
)
# A stand-in for the model on the page's side of a kernel.
MODEL = """state => {
    const heard = {};
    window.model = {
        saved: 0, state, get: name => state[name], on: (name, f) => { (heard[name] ??= []).push(f); }, off: () => {},
        set: (name, value) => { state[name] = value; (heard["change:" + name] ?? []).forEach(f => f()); },
        save_changes: () => { window.model.saved += 1; },
    };
}"""
FRAME = 1000 / 30  # milliseconds
both_themes = pytest.mark.parametrize("scheme", ["light", "dark"])


def load(page: Any, figure: Any) -> Any:
    """The page with the script of a figure, or of its class, as ``module``, and its style."""
    source = base64.b64encode(str(figure._esm).encode()).decode()
    page.evaluate(f"import('data:text/javascript;base64,{source}').then(module => {{ window.module = module; }})")
    page.add_style_tag(content=str(figure._css))
    return page


def show(page: Any, figure: Any, *names: str, **more: object) -> Any:
    """The page with the figure on it; ``names`` of the traits that it reads, and ``more`` of them."""
    load(page, figure)
    page.evaluate(MODEL, {name: getattr(figure, name) for name in names} | more)
    page.evaluate("module.default.render({ model, el: document.body })")
    return page


def redrawing(page: Any, change: str) -> float:
    """Milliseconds of one redraw, the mean of sixty; ``change`` is a statement of JavaScript that knows ``i``."""
    return float(
        page.evaluate(f"""() => {{
        const started = performance.now();
        for (let i = 0; i < 60; i += 1) {{ {change}; document.body.offsetHeight; }}
        return (performance.now() - started) / 60;
    }}""")
    )


def check_narrow(page: Any, name: str, scheme: str, widths: tuple[int, ...] = (360, 620, 710)) -> None:
    """The figure keeps to narrow columns, in the theme's colors; screenshots go to out/screenshots."""
    ground, ink = ("#111", "#eee") if scheme == "dark" else ("#fff", "#111")
    page.add_style_tag(content=f"body {{ background: {ground}; --jp-content-font-color1: {ink}; margin: 8px }}")
    for width in widths:
        page.set_viewport_size({"width": width, "height": 560})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.screenshot(path=f"out/screenshots/{name}-{width}-{scheme}.png")
