"""Figures from tables and arrays; nothing here knows a recognizer, a mask or a person."""

from opom_edu.plots.protection import UNLEARNED, psr_bars

__all__ = ["UNLEARNED", "psr_bars"]
