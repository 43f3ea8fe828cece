"""Experiments: sweeps over people, methods and recognizers, and the reports of them."""

from opom_edu.experiments.comparison import Comparison, compare
from opom_edu.experiments.report import rates_by_method, write_report

__all__ = ["Comparison", "compare", "rates_by_method", "write_report"]
