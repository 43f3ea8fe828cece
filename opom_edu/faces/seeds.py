"""Which synthetic people serve which purpose. No person serves two.

Seeds below one billion belong to the recognizers: whom they learn, and on whom the best epoch and the thresholds are chosen.
``load_people("synthetic", seed=...)`` draws its people above, a million seeds for each ``seed``; students' assignments draw
theirs above four million millions (``opom_edu/assignments/roster.py``), tournaments above one (``tournament.py`` there).
"""

from __future__ import annotations

POPULATIONS = {"surrogate": 1_000_000, "black boxes": 1_100_000}  # first seeds of the people that each side learned
LATER = 1_200_000  # first seed of the people that a later, wider recognizer learned (benchmarks/later.py)
PURIFIER = 1_300_000  # first seed of the people whose masks the purifiers learned to undo (benchmarks/purifier.py)
HELD_OUT = 2_000_000  # first seed of those on whom the best epoch of a training is chosen
THRESHOLD_PEOPLE = 3_000_000  # first seed of the development people whose pairs set the thresholds
# ``seed=`` of load_people: choices, such as of epochs, are made on the first, and figures are measured on the second.
DEVELOPMENT, REPORT = 5, 9
