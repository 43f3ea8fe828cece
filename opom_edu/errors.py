"""What can go wrong, in a form that a caller can catch: every user error is one of these or a ValueError."""

from importlib import import_module
from typing import Any


class OpomError(Exception):
    """Any error that opom_edu raises on purpose; its message names the remedy."""


class MissingExtraError(OpomError, ImportError):
    """A feature needs an optional package that is not installed."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"{package} is not installed. Install it with: pip install 'opom_edu[{extra}]'")


def import_extra(module: str, extra: str, package: str = "") -> Any:
    """The module of an optional package.

    Args:
        module: its name, with dots.
        extra: of opom_edu that installs it.
        package: what the error calls it, if not by the module's name.

    Raises:
        MissingExtraError: if it is not installed.

    Example:
        >>> import_extra("no_such_module", "lab")
        Traceback (most recent call last):
            ...
        opom_edu.errors.MissingExtraError: no_such_module is not installed. Install it with: pip install 'opom_edu[lab]'
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingExtraError(package or module, extra) from error


class WeightsError(OpomError):
    """The weights of a recognizer are absent, or are not the ones their checksum names."""


class PeopleError(OpomError, ValueError):
    """A source of people that cannot be used as asked."""


class PhotoError(OpomError):
    """A photo that cannot be read or protected, or a place its copy cannot go to."""


class VideoError(OpomError):
    """A video that cannot be read or protected, or a place its copy cannot go to."""


class MaskError(OpomError, ValueError):
    """A mask file that cannot be read, or a mask that does not fit the images."""


class SolverError(OpomError):
    """A projection onto a hull did not reach its optimality conditions; the message gives the gap."""


class OpomWarning(UserWarning):
    """Something was done otherwise than one may think; the message says what."""


class MaskWarning(OpomWarning):
    """A method of making masks that will not do what its name says."""


class PeopleWarning(OpomWarning):
    """Images of people that were skipped or changed while loading; the message says which and how."""
