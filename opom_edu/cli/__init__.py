"""The command line: ``opom-edu demo``, ``reproduce``, ``sweep``, ``protect``, ``protect-video``, ``assign``, ``grade``,
``tournament``, ``train``, ``site``, ``course``, ``doctor``."""

# Importing a module registers its commands, in the order in which --help lists them.
from opom_edu.cli import studies, protecting, teaching, training, site, doctor  # noqa: F401, I001
from opom_edu.cli.common import app

__all__ = ["app"]
