import pytest
import torch

from opom_edu.faces import check_images, quantize

GOOD = torch.rand(2, 3, 112, 112)


@pytest.mark.parametrize(
    ("images", "says"),
    [
        (GOOD.numpy(), "torch.from_numpy"),
        (list(GOOD), r"torch.stack\(images\)"),
        (GOOD.permute(0, 2, 3, 1), r"images.permute\(0, 3, 1, 2\)"),
        (GOOD[0], r"images\[None\]"),
        (GOOD[:, :1], r"\(N, 3, H, W\)"),
        (GOOD.double(), "float32"),
        ((GOOD * 255).byte(), "float.. / 255"),
        (GOOD * 255, "divide by 255"),
        (GOOD - 0.5, r"\[0, 1\] without NaN, got -0"),
        (GOOD.where(GOOD < 0.5, torch.nan), "nan"),
        (GOOD[..., :100], "112x112 aligned crops, got 112x100"),
    ],
)
def test_bad_batches_are_named(images: torch.Tensor, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        check_images(images, size=112)


def test_good_batches_pass_unchanged() -> None:
    assert check_images(GOOD, size=112) is GOOD
    assert len(check_images(GOOD[:0])) == 0


def test_quantize_rounds_to_the_nearest_level() -> None:
    levels = torch.arange(256) / 255
    torch.testing.assert_close(quantize(levels + 0.4 / 255), levels, atol=1e-7, rtol=0)
    torch.testing.assert_close(quantize(levels - 0.4 / 255), levels, atol=1e-7, rtol=0)
