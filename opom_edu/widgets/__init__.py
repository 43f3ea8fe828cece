"""Experiments to touch: each function returns one ipywidgets object for JupyterLab, Notebook, VS Code and Voila."""

from opom_edu.errors import MissingExtraError

try:
    import ipywidgets  # noqa: F401
except ImportError as error:
    raise MissingExtraError("ipywidgets", "lab") from error

from opom_edu.widgets.epsilon_lab import EpsilonLab, epsilon_lab
from opom_edu.widgets.state import Choice, LabState, Score

__all__ = ["Choice", "EpsilonLab", "LabState", "Score", "epsilon_lab"]
