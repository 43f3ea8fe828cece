"""Does it protect, and what does it cost."""

from opom_edu.evaluation.gallery import Gallery, Probes
from opom_edu.evaluation.identification import protection, rates, similarity
from opom_edu.evaluation.quality import image_quality, mask_quality
from opom_edu.evaluation.verification import accepted, calibrate, roc, threshold_at, verification

__all__ = [
    "Gallery",
    "Probes",
    "accepted",
    "calibrate",
    "image_quality",
    "mask_quality",
    "protection",
    "rates",
    "roc",
    "similarity",
    "threshold_at",
    "verification",
]
