"""Chapter 1b: who looks for whom?"""

from __future__ import annotations

from opom_edu.exercises.verdict import Exercise

EXERCISES: dict[str, Exercise] = {}
