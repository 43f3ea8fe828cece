"""Face recognizers: images in, embeddings out."""

from opom_edu.recognizers.recognizer import Recognizer, check_recognizer
from opom_edu.recognizers.zoo import list_recognizers, load_recognizer

__all__ = ["Recognizer", "check_recognizer", "list_recognizers", "load_recognizer"]
