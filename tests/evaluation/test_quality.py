import numpy as np
import pytest
import torch

from opom_edu.evaluation import image_quality, just_noticeable, mask_quality, protection, trade_off
from opom_edu.faces import People
from opom_edu.masks import OPOM, RandomNoise
from opom_edu.recognizers import Recognizer
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


def test_the_least_visible_change_is_its_formula() -> None:
    """Chou and Li 1995, on flat gray: no contrast, so luminance adaptation alone."""
    for level, expected in ((0, 20.0), (127, 3.0), (255, 6.0)):
        found = just_noticeable(torch.full((1, 3, 112, 112), level / 255))
        np.testing.assert_allclose(255 * found, expected, atol=0.02)


def test_edges_hide_more_than_plains() -> None:
    edge = torch.full((1, 3, 112, 112), 100 / 255)
    edge[..., 56:] = 180 / 255
    thresholds = 255 * just_noticeable(edge)[0, 0]
    assert thresholds[50, 56] > 1.8 * thresholds[50, 20]
    # Left of the edge the horizontal difference is 80, and 13 of 32 parts of the background are bright.
    mean = 100 + 80 * 13 / 32
    assert float(thresholds[50, 55]) == pytest.approx(80 * (0.0001 * mean + 0.115) + 0.5 - 0.01 * mean, rel=0.02)


def test_visible_counts_the_pixels_beyond_the_threshold() -> None:
    gray = torch.full((1, 3, 112, 112), 127 / 255)
    table = image_quality(gray.repeat(2, 1, 1, 1), torch.cat([gray + 2.5 / 255, gray + 3.5 / 255]))
    assert table["visible"].tolist() == [0, 1]
    assert image_quality(gray, gray)["visible"][0] == 0


def test_the_trade_off_has_every_size_and_its_noise(people: People, surrogate: Recognizer, black_box: Recognizer) -> None:
    learners = [OPOM(surrogate, steps=6, eps=levels / 255) for levels in (4, 16)]
    table = trade_off([surrogate, black_box], people, learners).set_index(["method", "levels", "recognizer"])
    assert len(table) == 8
    masks = learners[1].fit_many([person.train for person in people.values()])
    row = table.loc[("OPOM convex", 16, "box")]
    assert row["psr_1"] == pytest.approx(protection(black_box, people, masks, ranks=(1,))["psr_1"][0])
    assert row["ssim"] == pytest.approx(mask_quality(people, masks)["ssim"])
    assert row["noise_1"] == table.loc[("random noise", 16, "box"), "psr_1"]
    for method in ("OPOM convex", "random noise"):
        assert table.loc[(method, 4, "box"), "visible"] < table.loc[(method, 16, "box"), "visible"]
