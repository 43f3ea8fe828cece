"""What figures that compute in the page share: a still picture for where no page runs."""

from __future__ import annotations

from typing import Any

import anywidget


class InPage(anywidget.AnyWidget):  # type: ignore[misc]
    """A figure whose script computes and draws all of it, without a kernel.

    Example:
        >>> InPage(_esm="export default { render() {} }").close()
    """

    def still(self) -> str:
        """The figure as HTML without a script; empty for none."""
        return ""

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """With the still picture for nbconvert, a book, a preview."""
        data, metadata = super()._repr_mimebundle_(**options)
        still = self.still()
        return ({**data, "text/html": still} if still else data), metadata
