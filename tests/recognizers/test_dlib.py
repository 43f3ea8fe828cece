"""dlib as a black box, against dlib called by hand."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch

from opom_edu.recognizers import Recognizer, load_recognizer
from tests.conftest import smooth_noise

dlib = pytest.importorskip("dlib", reason="the extra 'dlib' is not installed")


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return load_recognizer("dlib")


def test_it_is_a_black_box_that_repeats_itself(recognizer: Recognizer, monkeypatch: pytest.MonkeyPatch) -> None:
    from opom_edu.recognizers import dlib as module

    images = smooth_noise(3, torch.Generator().manual_seed(0))
    alone = recognizer.embed(images)
    assert alone.shape == (3, 128)
    assert not recognizer.differentiable
    monkeypatch.setattr(module, "WORTH_A_PROCESS", 1)
    torch.testing.assert_close(recognizer.embed(images), alone)


def test_it_is_dlib_itself(recognizer: Recognizer, real: Path) -> None:
    from PIL import Image

    from opom_edu.faces import load_people

    images = load_people(f"folder:{real / 'faces'}", train=1, test=2)["p01"].test
    spec = find_spec("face_recognition_models")
    assert spec is not None
    models = Path(str(spec.origin)).parent / "models"
    predictor = dlib.shape_predictor(str(models / "shape_predictor_5_face_landmarks.dat"))
    network = dlib.face_recognition_model_v1(str(models / "dlib_face_recognition_resnet_model_v1.dat"))
    expected = []
    for image in images:
        crop = Image.fromarray((image * 255).round().byte().permute(1, 2, 0).numpy())
        pixels = np.asarray(crop.resize((224, 224), Image.Resampling.BICUBIC))
        found = predictor(pixels, dlib.rectangle(34, 40, 190, 200))
        expected.append(np.array(network.compute_face_descriptor(pixels, found)))  # cuts the chip itself
    normalized = torch.nn.functional.normalize(torch.from_numpy(np.array(expected)).float())
    torch.testing.assert_close(recognizer.embed(images), normalized, atol=1e-4, rtol=0)
