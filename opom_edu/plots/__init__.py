"""Figures from tables and arrays; nothing here knows a recognizer, a mask or a person."""

from opom_edu.plots.curves import curves
from opom_edu.plots.frames import over_time
from opom_edu.plots.hulls import distance_strips, hull_panels
from opom_edu.plots.photos import photo_row
from opom_edu.plots.protection import UNLEARNED, psr_bars

__all__ = ["UNLEARNED", "curves", "distance_strips", "hull_panels", "over_time", "photo_row", "psr_bars"]
