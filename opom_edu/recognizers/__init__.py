"""Face recognizers: images in, embeddings out."""

from opom_edu.recognizers.recognizer import Recognizer
from opom_edu.recognizers.zoo import list_recognizers, load_recognizer

__all__ = ["Recognizer", "list_recognizers", "load_recognizer"]
