"""``python -m opom_edu``: the command line."""

from opom_edu.cli import app

app()
