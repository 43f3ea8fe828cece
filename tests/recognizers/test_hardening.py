"""Fine-tuning to look past a change, on a copy."""

import pytest
import torch

from opom_edu.recognizers import Recognizer
from opom_edu.recognizers.hardening import hardened
from tests.conftest import smooth_noise

GENERATOR = torch.Generator().manual_seed(0)
CLEAN = 0.6 * smooth_noise(12, GENERATOR)
CHANGED = (CLEAN + 0.4 * smooth_noise(1, GENERATOR)).clamp(0, 1)


def test_it_moves_changed_photos_to_the_clean_ones_and_keeps_these(surrogate: Recognizer) -> None:
    weights = {key: value.clone() for key, value in surrogate._module.state_dict().items()}
    target = surrogate.embed(CLEAN)
    copy = hardened(surrogate, CLEAN, CHANGED, epochs=20)
    before = (surrogate.embed(CHANGED) * target).sum(-1).mean()
    after = (copy.embed(CHANGED) * target).sum(-1).mean()
    assert after > before + 0.5 * (1 - before)
    assert (copy.embed(CLEAN) * target).sum(-1).mean() > 0.95
    assert copy.differentiable
    assert not any(parameter.requires_grad for parameter in copy._module.parameters())
    assert all(torch.equal(value, weights[key]) for key, value in surrogate._module.state_dict().items())
    assert torch.equal(surrogate.embed(CLEAN), target)


def test_the_same_seed_gives_the_same_recognizer(surrogate: Recognizer) -> None:
    first, second, other = (hardened(surrogate, CLEAN, CHANGED, epochs=2, seed=seed).embed(CLEAN) for seed in (0, 0, 1))
    assert torch.equal(first, second)
    assert first.shape == other.shape


def test_bad_input_is_named(surrogate: Recognizer, black_box: Recognizer) -> None:
    with pytest.raises(ValueError, match="cannot be copied"):
        hardened(black_box, CLEAN, CHANGED)
    with pytest.raises(ValueError, match="must be the same photos"):
        hardened(surrogate, CLEAN, CHANGED[:3])
