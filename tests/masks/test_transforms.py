import io

import numpy as np
import pytest
import torch
from scipy.fft import dctn
from torch.nn import functional

from opom_edu.masks import (
    Transform,
    input_diversity,
    one_of,
    random_affine,
    random_flip,
    random_jpeg,
    random_light,
    random_patches,
    random_resize,
    random_spectrum,
    random_warp,
    scale_invariance,
)
from opom_edu.masks.transforms import describe

IMAGES = torch.rand(40, 3, 112, 112, generator=torch.Generator().manual_seed(0))


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


TRANSFORMS = [
    random_flip(), input_diversity(), random_affine(), random_resize(), random_jpeg(), random_light(), scale_invariance(),
    random_warp(), random_patches(), random_spectrum(), one_of(random_jpeg(), random_light()),
]  # fmt: skip


@pytest.mark.parametrize("transform", TRANSFORMS)
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


def test_an_affine_map_turns_scales_and_moves() -> None:
    still = random_affine(0, 0, 0)(IMAGES, seeded())
    torch.testing.assert_close(still, IMAGES, atol=1e-4, rtol=0)
    dot = torch.zeros(300, 3, 112, 112)
    dot[:, :, 50:62, 80:92] = 1  # right of the middle
    seen = random_affine(30, 0.0, 0.0)(dot, seeded())[:, 0]
    places = torch.arange(112.0) - 55.5
    mass = seen.sum((1, 2))
    right, down = (seen.sum(1) @ places / mass, seen.sum(2) @ places / mass)
    torch.testing.assert_close(right.hypot(down), torch.full((300,), 30.0), atol=1.0, rtol=0)  # turned about the middle
    turned = torch.atan2(down, right).rad2deg()
    assert 25 < turned.max() < 31
    assert -31 < turned.min() < -25
    moved = (random_affine(30, 0.0, 0.0, 0.5)(dot, seeded()) != dot).flatten(1).any(1).float().mean()
    assert 0.4 < moved < 0.6
    areas = random_affine(0, 0.3, 0.0)(dot, seeded())[:, 0].sum((1, 2)) / 144
    assert 0.45 < areas.min() < 0.6
    assert 1.5 < areas.max() < 1.75


def test_a_warp_moves_every_part_by_itself_and_no_further_than_told() -> None:
    torch.testing.assert_close(random_warp(0)(IMAGES, seeded()), IMAGES, atol=1e-4, rtol=0)
    dots = torch.zeros(200, 3, 112, 112)
    dots[:, :, 20:28, 20:28] = dots[:, :, 84:92, 84:92] = 1
    warped = random_warp(0.05, probability=1.0)(dots, seeded())[:, 0]
    places = torch.arange(56.0)
    moved = []
    for corner, middle in ((warped[:, :56, :56], 23.5), (warped[:, 56:, 56:], 31.5)):
        down = corner.sum(2) @ places / corner.sum((1, 2)) - middle
        assert down.abs().max() < 0.05 * 112 * 1.5  # a cubic overshoots its points
        moved.append(down)
    assert min(float(down.std()) for down in moved) > 1
    assert abs(torch.corrcoef(torch.stack(moved))[0, 1]) < 0.3


def test_patches_take_their_share_and_leave_the_rest_alone() -> None:
    changed = random_patches(0.25, 4)(IMAGES, seeded())
    gone = (changed != IMAGES).any(1)
    torch.testing.assert_close(gone.float().mean(), torch.tensor(0.25), atol=0.04, rtol=0)
    whole = gone.unflatten(1, (4, 28)).unflatten(3, (4, 28)).float().mean((2, 4))  # of each patch
    assert set(whole.round(decimals=2).unique().tolist()) == {0.0, 1.0}
    assert torch.equal(random_patches(0)(IMAGES, seeded()), IMAGES)


def test_every_frequency_changes_by_itself_and_no_further_than_told() -> None:
    gray = (0.4 + 0.2 * IMAGES).contiguous()  # far from the ends of the range, so that nothing is cut off
    torch.testing.assert_close(random_spectrum(0, 0, 1.0)(gray, seeded()), gray, atol=1e-5, rtol=0)
    changed = random_spectrum(0.2, 0, 1.0)(gray, seeded())
    before, after = (dctn(images.double().numpy(), axes=(2, 3), norm="ortho") for images in (gray, changed))
    factors = (after / before)[np.abs(before) > 1e-2]
    assert 0.79 < factors.min() < 0.82
    assert 1.18 < factors.max() < 1.21
    assert abs(factors.mean() - 1) < 1e-3
    noisy = random_spectrum(0, 0.05, 1.0)(gray, seeded()) - gray
    assert float(noisy.std()) == pytest.approx(0.05, rel=0.02)
    chosen = float((random_spectrum()(gray, seeded()) != gray).flatten(1).any(1).float().mean())
    assert 0.5 < chosen < 0.9


def test_resizing_and_jpeg_take_away_fine_detail_and_leave_the_rest() -> None:
    smooth = functional.interpolate(torch.rand(4, 3, 5, 5, generator=seeded()), (112, 112), mode="bicubic").clamp(0, 1)
    noisy = (smooth + 0.1 * torch.randn(smooth.shape, generator=seeded())).clamp(0, 1)
    for transform in (random_resize(0.3), random_jpeg(20, 30)):
        changed = transform(noisy, seeded())
        assert (changed - smooth).abs().mean() < 0.7 * (noisy - smooth).abs().mean()
    assert (random_jpeg(95, 95)(smooth, seeded()) - smooth).abs().mean() < 2 / 255


def test_jpeg_is_near_what_a_file_would_be() -> None:
    from PIL import Image

    image = functional.interpolate(torch.rand(1, 3, 14, 14, generator=seeded()), (112, 112), mode="bicubic").clamp(0, 1)
    buffer = io.BytesIO()
    pixels = (image[0].permute(1, 2, 0) * 255).round().byte().numpy()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=50)
    saved = torch.from_numpy(np.array(Image.open(buffer))).permute(2, 0, 1)[None] / 255
    assert (random_jpeg(50, 50)(image, seeded()) - saved).abs().mean() < 0.5 * (image - saved).abs().mean()


def test_light_changes_brightness_within_its_share() -> None:
    gray = torch.full((200, 3, 8, 8), 0.5)
    means = random_light(0.3)(gray, seeded()).mean((1, 2, 3))
    assert 0.35 - 1e-5 <= means.min() < 0.37
    assert 0.63 < means.max() <= 0.65 + 1e-5


def test_scales_are_halvings_and_all_of_them_come_up() -> None:
    shares = (scale_invariance(3)(IMAGES, seeded()) / IMAGES.clamp_min(1e-6)).mean((1, 2, 3))
    assert {round(float(share), 2) for share in shares} == {1.0, 0.5, 0.25}
    assert torch.equal(scale_invariance(1)(IMAGES, seeded()), IMAGES)


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_white_and_black_stay_within_the_range(transform: Transform) -> None:
    for value in (0.0, 1.0):
        for seed in range(5):
            changed = transform(torch.full((3, 3, 112, 112), value), seeded(seed))
            assert 0 <= changed.min() <= changed.max() <= 1


def test_bad_parameters_are_named() -> None:
    for make, parameters in (
        (random_affine, {"scale": 1.0}), (random_resize, {"smallest": 0}), (random_jpeg, {"lowest": 0}),
        (random_light, {"strength": 1}), (scale_invariance, {"copies": 0}),
        (random_warp, {"amount": 0.3}), (random_warp, {"cells": 1}), (random_patches, {"share": 1}),
        (random_patches, {"cells": 2.5}),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=next(iter(parameters)) if make is not random_jpeg else "qualities"):
            make(**parameters)
    with pytest.raises(ValueError, match="probability"):
        random_flip(2)
    with pytest.raises(ValueError, match="probability"):
        input_diversity(probability=-1)
    with pytest.raises(ValueError, match="smallest"):
        input_diversity(smallest=0)


def test_one_of_takes_each_of_its_transforms_and_names_them() -> None:
    twice, half = (lambda images, generator: 2 * images), (lambda images, generator: 0.5 * images)
    chosen = {round(float(one_of(twice, half)(IMAGES, seeded(seed)).sum() / IMAGES.sum()), 2) for seed in range(20)}
    assert chosen == {2.0, 0.5}
    assert "flip" in describe(one_of(random_flip(), random_jpeg()))
    assert "jpeg" in describe(one_of(random_flip(), random_jpeg()))
    with pytest.raises(ValueError, match="one_of needs transforms"):
        one_of()
