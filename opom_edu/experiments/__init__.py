"""Experiments: sweeps over people, methods and recognizers, and the reports of them."""

from opom_edu.experiments.comparison import Comparison, compare
from opom_edu.experiments.grid import Grid, read_grid
from opom_edu.experiments.report import rates_by_method, write_report
from opom_edu.experiments.sweep import run_sweep, sweep_table

__all__ = ["Comparison", "Grid", "compare", "rates_by_method", "read_grid", "run_sweep", "sweep_table", "write_report"]
