import numpy as np
import pytest
import torch

from opom_edu.evaluation import image_quality, mask_quality
from opom_edu.faces import People
from opom_edu.masks import RandomNoise
from tests.conftest import smooth_noise

IMAGES = smooth_noise(3, torch.Generator().manual_seed(0))


def test_equal_images_are_perfect() -> None:
    table = image_quality(IMAGES, IMAGES)
    assert np.isinf(table["psnr"]).all()
    np.testing.assert_allclose(table["ssim"], 1, atol=1e-6)


def test_psnr_is_its_definition() -> None:
    dark = IMAGES * 0.5
    table = image_quality(dark, dark + 8 / 255)
    np.testing.assert_allclose(table["psnr"], 20 * np.log10(255 / 8), rtol=1e-4)


def test_ssim_is_its_definition() -> None:
    """Wang et al. 2004, equation 13, written out for one channel and one window."""
    noisy = (IMAGES + 0.1 * torch.rand(IMAGES.shape, generator=torch.Generator().manual_seed(1))).clamp(0, 1)
    a, b = IMAGES[0, 0, :11, :11].double(), noisy[0, 0, :11, :11].double()
    line = torch.exp(-((torch.arange(11.0).double() - 5) ** 2) / (2 * 1.5**2))
    weight = torch.outer(line, line) / line.sum() ** 2
    mean_a, mean_b = (weight * a).sum(), (weight * b).sum()
    var_a, var_b = (weight * a * a).sum() - mean_a**2, (weight * b * b).sum() - mean_b**2
    both = (weight * a * b).sum() - mean_a * mean_b
    c1, c2 = 0.01**2, 0.03**2
    expected = (2 * mean_a * mean_b + c1) * (2 * both + c2) / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))
    gray = [image[:1, :1, :11, :11].repeat(1, 3, 1, 1) for image in (IMAGES, noisy)]
    assert image_quality(*gray)["ssim"][0] == pytest.approx(float(expected), abs=1e-4)


def test_noise_of_eight_levels_costs_about_thirty_decibels(people: People) -> None:
    masks = {name: RandomNoise().fit(person.train) for name, person in people.items()}
    cost = mask_quality(people, masks)
    assert mask_quality(people, list(masks.values())).equals(cost)
    assert 30 < cost["psnr"] < 31
    assert 0.5 < cost["ssim"] < 1


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match="one shape"):
        image_quality(IMAGES, IMAGES[:1])
    with pytest.raises(ValueError, match="changed images"):
        image_quality(IMAGES, IMAGES + 1)
