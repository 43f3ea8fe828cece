"""Does it protect, and what does it cost."""

from opom_edu.evaluation.accuracy import roc
from opom_edu.evaluation.adversaries import averaging, detection, enrolled, estimate_mask, mix_ups, retrained, unlocked
from opom_edu.evaluation.changes import CHANGES, PURIFIERS, Change
from opom_edu.evaluation.gallery import Gallery, Probes
from opom_edu.evaluation.identification import protection, rates, similarity
from opom_edu.evaluation.quality import image_quality, just_noticeable, mask_quality, trade_off
from opom_edu.evaluation.robustness import readings, robustness, severest, verdict
from opom_edu.evaluation.spread import explained_spread, people_embeddings
from opom_edu.evaluation.verification import accepted, calibrate, threshold_at, thresholds_for, verification

__all__ = [
    "CHANGES", "PURIFIERS", "Change", "Gallery", "Probes", "accepted", "averaging", "calibrate", "detection",
    "enrolled", "estimate_mask", "explained_spread", "image_quality", "just_noticeable", "mask_quality", "mix_ups",
    "people_embeddings", "protection", "rates", "readings", "retrained", "robustness", "roc", "severest", "similarity",
    "threshold_at", "thresholds_for", "trade_off", "unlocked", "verdict", "verification",
]  # fmt: skip
