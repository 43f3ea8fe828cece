"""What photos go through, by what each change is meant to do."""

import pytest
import torch

from opom_edu.evaluation import CHANGES, PURIFIERS
from opom_edu.evaluation.changes import brightness, jpeg, noise, resize, rounding, shift
from opom_edu.faces import quantize
from tests.conftest import smooth_noise

GENERATOR = torch.Generator().manual_seed(0)
IMAGES = quantize((smooth_noise(2, GENERATOR) + 0.1 * torch.rand(2, 3, 112, 112, generator=GENERATOR)).clamp(0, 1))
EVERYTHING = {**CHANGES, **PURIFIERS}


@pytest.mark.parametrize("name", EVERYTHING)
def test_results_are_photos_saved_in_8_bit_and_depend_on_nothing_else(name: str) -> None:
    change, before = EVERYTHING[name], IMAGES.clone()
    changed = change.apply(IMAGES, change.severities[-1])
    assert changed.shape == IMAGES.shape
    assert changed.dtype == torch.float32
    assert torch.equal(changed, quantize(changed))
    assert torch.equal(changed, change.apply(IMAGES, change.severities[-1]))
    assert torch.equal(IMAGES, before)


@pytest.mark.parametrize("name", EVERYTHING)
def test_a_severer_change_changes_more(name: str) -> None:
    change = EVERYTHING[name]
    errors = [float((change.apply(IMAGES, severity) - IMAGES).square().mean()) for severity in change.severities]
    assert errors[0] < errors[len(errors) // 2] < errors[-1]
    if name not in ("JPEG", "WebP"):
        assert errors[0] == 0


def test_channels_stay_in_their_order() -> None:
    red = torch.zeros(1, 3, 112, 112)
    red[:, 0] = 1
    for change in EVERYTHING.values():
        left = change.apply(red, change.severities[1]).mean((0, 2, 3))
        assert left[0] > 0.6
        assert left[1:].max() < 0.1


def test_changes_are_their_definitions() -> None:
    assert len(rounding(IMAGES, 3).unique()) <= 8
    assert torch.equal(shift(IMAGES, 2)[..., 2:, 2:], IMAGES[..., :-2, :-2])
    assert torch.equal(shift(IMAGES, 2)[..., :3, 50], IMAGES[..., :1, 48].expand(2, 3, 3))
    torch.testing.assert_close(brightness(IMAGES, 0.5), IMAGES / 2, atol=0.5 / 255 + 1e-6, rtol=0)
    gray = torch.full((1, 3, 112, 112), 0.5)
    assert float((255 * (noise(gray, 4) - quantize(gray))).std()) == pytest.approx(4, rel=0.03)
    torch.testing.assert_close(resize(gray, 0.35), quantize(gray))


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match="divide by 255"):
        jpeg(IMAGES * 255, 90)
