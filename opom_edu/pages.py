"""HTML reports that need no other file, in one style: ``page.html`` and the templates that fill it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, Undefined

from opom_edu import __version__
from opom_edu.files import replacing


def write_page(path: str | Path, template: str, **values: Any) -> None:
    """Fill ``template``, a file of this package, with ``values`` into ``path``, whole or not at all, every name escaped.

    Its filter ``figure(form)`` shows what is absent or not a number as a dash.

    Args:
        path: of the page.
        template: its path below this package's folder.
        values: what the template asks for.

    Raises:
        OSError: if the folder, which is made, or the file cannot be written to.

    Example:
        >>> values = {"people": [], "stages": {}, "masks": {}, "quality": 80, "levels": 8, "steps": 16, "threshold": 0.3}
        >>> write_page(folder / "page.html", "protect/photo_report.html", surrogate="<dlib>", factor=16, **values)
        >>> "learned on <b>&lt;dlib&gt;</b>" in (folder / "page.html").read_text()
        True
    """
    environment = Environment(loader=PackageLoader("opom_edu", "."), autoescape=True)
    environment.filters["figure"] = _figure
    html = environment.get_template(template).render(version=__version__, **values)
    with replacing(path) as temporary:
        temporary.write_text(html, encoding="utf-8")


def _figure(value: Any, form: str, factor: float = 1) -> str:
    absent = value is None or isinstance(value, Undefined) or value != value
    return "\N{EN DASH}" if absent else form % (factor * value)
