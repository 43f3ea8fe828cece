import pytest
import torch

from opom_edu.masks import Transform, input_diversity, random_flip

IMAGES = torch.rand(40, 3, 112, 112, generator=torch.Generator().manual_seed(0))


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("transform", [random_flip(), input_diversity()])
def test_images_stay_images_and_the_generator_decides(transform: Transform) -> None:
    images = IMAGES.clone().requires_grad_()
    changed = transform(images, seeded())
    assert changed.shape == IMAGES.shape
    assert changed.min() >= 0
    assert changed.max() <= 1
    assert torch.equal(changed, transform(images, seeded()))
    assert not torch.equal(changed, transform(images, seeded(1)))
    changed.sum().backward()
    assert images.grad is not None
    assert torch.equal(images.detach(), IMAGES)


def test_flips_are_mirrors() -> None:
    assert torch.equal(random_flip(1.0)(IMAGES, seeded()), IMAGES.flip(-1))
    assert torch.equal(random_flip(0.0)(IMAGES, seeded()), IMAGES)
    flipped = (random_flip()(IMAGES, seeded()) != IMAGES).flatten(1).any(1).float().mean()
    assert 0.2 < flipped < 0.8


def test_diversity_shrinks_onto_black_within_the_frame() -> None:
    white = torch.ones(200, 3, 112, 112)
    seen = input_diversity(smallest=0.8, probability=1.0)(white, seeded())[:, 0] > 0.5
    heights, widths = (seen.any(axis).sum(1) for axis in (2, 1))
    assert (heights - widths).abs().max() <= 1
    assert 0.8 * 112 - 1 <= heights.min() < 92
    assert 108 < heights.max() <= 112
    touching_left = seen[:, :, 0].any(1).float().mean()
    assert touching_left < 0.3  # it moves about
    unchanged = input_diversity(probability=0.0)(IMAGES, seeded())
    torch.testing.assert_close(unchanged, IMAGES, atol=1e-4, rtol=0)


def test_bad_parameters_are_named() -> None:
    with pytest.raises(ValueError, match="probability"):
        random_flip(2)
    with pytest.raises(ValueError, match="probability"):
        input_diversity(probability=-1)
    with pytest.raises(ValueError, match="smallest"):
        input_diversity(smallest=0)
