"""Assignments in which every student has people of their own, and their grading from data that travels.

:mod:`roster` (who takes part), :mod:`own` (a student's people and settings), :mod:`tasks` (questions, truths, reasons),
:mod:`sandbox` (a student's code in a process of its own), :mod:`handing` (notebooks out, answers in), :mod:`grading`,
:mod:`for_nbgrader` (the same for nbgrader), :mod:`tournament`.
"""

from opom_edu.assignments.for_nbgrader import export
from opom_edu.assignments.grading import grade
from opom_edu.assignments.handing import assign, hand_in, open_assignment

__all__ = ["assign", "export", "grade", "hand_in", "open_assignment"]
