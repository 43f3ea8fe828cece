"""Does it protect, and what does it cost."""

from opom_edu.evaluation.gallery import Gallery, Probes
from opom_edu.evaluation.identification import protection, rates, similarity
from opom_edu.evaluation.quality import image_quality, mask_quality
from opom_edu.evaluation.spread import explained_spread, people_embeddings
from opom_edu.evaluation.verification import accepted, calibrate, roc, threshold_at, verification

__all__ = [
    "Gallery",
    "Probes",
    "accepted",
    "calibrate",
    "explained_spread",
    "image_quality",
    "mask_quality",
    "people_embeddings",
    "protection",
    "rates",
    "roc",
    "similarity",
    "threshold_at",
    "verification",
]
