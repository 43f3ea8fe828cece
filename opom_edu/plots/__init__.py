"""Figures from tables and arrays; nothing here knows a recognizer, a mask or a person."""

from opom_edu.plots.curves import curves, over_time, study_curves
from opom_edu.plots.heat import heat_maps
from opom_edu.plots.hulls import distance_strips, hull_panels
from opom_edu.plots.photos import marked_photo, photo_row
from opom_edu.plots.protection import forest, psr_bars
from opom_edu.plots.style import UNLEARNED
from opom_edu.plots.sweeps import cost_curves, sweep

__all__ = [
    "UNLEARNED", "cost_curves", "curves", "distance_strips", "forest", "heat_maps", "hull_panels", "marked_photo",
    "over_time", "photo_row", "psr_bars", "study_curves", "sweep",
]  # fmt: skip
