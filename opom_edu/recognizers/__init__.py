"""Face recognizers: images in, embeddings out."""

from opom_edu.recognizers.recognizer import Recognizer, check_recognizer
from opom_edu.recognizers.zoo import BLACK_BOXES, SURROGATE, available, list_recognizers, load_recognizer, load_surrogate

__all__ = [
    "BLACK_BOXES", "SURROGATE", "Recognizer", "available", "check_recognizer", "list_recognizers", "load_recognizer",
    "load_surrogate",
]  # fmt: skip
