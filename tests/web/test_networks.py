"""Recognizers as ONNX: what torch says, in half the size."""

import numpy as np
import pytest
import torch
from torch import nn

from opom_edu import Recognizer, load_recognizer
from opom_edu.errors import OpomError
from opom_edu.web.networks import CLOSE, PHOTOS, embedding, run, step
from opom_edu.web.site import STEPPERS

pytest.importorskip("onnxruntime", reason="the site needs the extra: pip install 'opom_edu[site]'")


@pytest.mark.slow
@pytest.mark.parametrize("name", STEPPERS)
def test_the_step_has_torchs_gradient(name: str) -> None:
    recognizer, model = load_recognizer(name), step(load_recognizer(name))
    masked = torch.rand(PHOTOS, 3, 112, 112, generator=torch.Generator().manual_seed(1)).requires_grad_()
    targets = recognizer.embed(masked.detach().flip(0))
    embeddings = recognizer.embed(masked)
    (wanted,) = torch.autograd.grad((embeddings - targets).square().sum(), masked)
    found = run(model, masked=masked.detach(), targets=targets)
    assert np.abs(found["embeddings"] - embeddings.detach().numpy()).max() < CLOSE
    agreeing = (np.sign(found["gradient"]) == np.sign(wanted.numpy())).mean()
    assert agreeing > 0.98  # of the signs, which are what a step takes; weights are float16


def test_embeddings_agree_and_weights_are_halved() -> None:
    recognizer = load_recognizer("ir-softmax")
    model = embedding(recognizer)
    images = torch.rand(7, 3, 112, 112)  # another number than it was written with
    assert np.abs(run(model, images=images)["embeddings"] - recognizer.embed(images).numpy()).max() < CLOSE
    numbers = sum(value.numel() for value in recognizer.module.parameters())
    assert len(model) < 2.3 * numbers


class Odd(nn.Module):
    """A network whose gradient has no ONNX form."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.fft.rfft(x.flatten(1)[:, :64]).abs()


def test_what_cannot_be_written_is_named() -> None:
    odd = Recognizer.from_module(Odd(), name="odd")
    with pytest.raises(OpomError, match="the step of odd has no ONNX form"):
        step(odd)
