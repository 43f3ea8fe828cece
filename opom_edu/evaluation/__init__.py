"""Does it protect, and what does it cost."""

from opom_edu.evaluation.accuracy import roc
from opom_edu.evaluation.adversaries import averaging, detection, enrolled, estimate_mask, mix_ups, retrained, unlocked
from opom_edu.evaluation.changes import CHANGES, PURIFIERS, Change
from opom_edu.evaluation.gallery import Gallery, Probes
from opom_edu.evaluation.groups import compare_groups, compare_versions, corrected, failed_searches, interval
from opom_edu.evaluation.identification import protection, rates, similarity
from opom_edu.evaluation.purifier import Purifier, learn_purifier, moves
from opom_edu.evaluation.quality import image_quality, just_noticeable, mask_quality, trade_off
from opom_edu.evaluation.robustness import readings, robustness, severest, verdict
from opom_edu.evaluation.search import Searches, search, search_rows, searches
from opom_edu.evaluation.spread import explained_spread, people_embeddings
from opom_edu.evaluation.verification import accepted, calibrate, threshold_at, thresholds_for, verification

__all__ = [
    "CHANGES", "PURIFIERS", "Change", "Gallery", "Probes", "Purifier", "Searches", "accepted", "averaging",
    "calibrate", "compare_groups", "compare_versions", "corrected", "detection", "enrolled", "estimate_mask",
    "explained_spread", "failed_searches", "image_quality", "interval", "just_noticeable", "learn_purifier",
    "mask_quality", "mix_ups", "moves", "people_embeddings", "protection", "rates", "readings", "retrained",
    "robustness", "roc", "search", "search_rows", "searches", "severest", "similarity", "threshold_at",
    "thresholds_for", "trade_off", "unlocked", "verdict", "verification",
]  # fmt: skip
