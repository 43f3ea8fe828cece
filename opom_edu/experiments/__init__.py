"""Experiments: sweeps over people, methods and recognizers, and the reports of them."""

from opom_edu.experiments.bench import Bench
from opom_edu.experiments.comparison import Comparison, compare
from opom_edu.experiments.grid import Grid, read_grid
from opom_edu.experiments.paper import heat_figure, orders, paper_table, reproduce, white_boxes
from opom_edu.experiments.records import Records
from opom_edu.experiments.report import rates_by_method, write_report
from opom_edu.experiments.study import bands, study_table, vary
from opom_edu.experiments.sweep import run_sweep, sweep_table

__all__ = [
    "Bench", "Comparison", "Grid", "Records", "bands", "compare", "heat_figure", "orders", "paper_table",
    "rates_by_method", "read_grid", "reproduce", "run_sweep", "study_table", "sweep_table", "vary", "white_boxes",
    "write_report",
]  # fmt: skip
