from pathlib import Path

import pytest
import torch

from opom_edu.errors import MaskError
from opom_edu.masks import Mask

EPS = 8 / 255
IMAGES = torch.rand(4, 3, 112, 112, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def mask() -> Mask:
    delta = EPS * (2 * torch.rand(3, 112, 112, generator=torch.Generator().manual_seed(1)) - 1)
    return Mask(delta, EPS, {"method": "made up", "steps": 3, "transforms": ["flip"]})


def test_masked_images_stay_images_and_near(mask: Mask) -> None:
    masked = mask.apply(IMAGES)
    assert masked.min() >= 0
    assert masked.max() <= 1
    assert (masked - IMAGES).abs().max() <= EPS + 1e-6
    inside = (IMAGES > EPS) & (IMAGES < 1 - EPS)
    torch.testing.assert_close((masked - IMAGES)[inside], mask.delta.expand_as(IMAGES)[inside])


def test_a_smaller_eps_clips_and_zero_changes_nothing(mask: Mask) -> None:
    assert (mask.apply(IMAGES, eps=2 / 255) - IMAGES).abs().max() <= 2 / 255 + 1e-6
    assert torch.equal(mask.apply(IMAGES, eps=0), IMAGES)
    assert torch.equal(mask.apply(IMAGES, eps=1.0), mask.apply(IMAGES))


def test_saved_and_loaded_it_is_the_same(mask: Mask, tmp_path: Path) -> None:
    mask.save(tmp_path / "deep" / "mask.safetensors")
    again = Mask.load(tmp_path / "deep" / "mask.safetensors")
    assert torch.equal(again.delta, mask.delta)
    assert (again.eps, again.recipe) == (mask.eps, mask.recipe)
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["mask.safetensors"]


def test_a_failed_save_leaves_the_old_file(mask: Mask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mask.safetensors"
    mask.save(path)

    def fail(*_args: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("opom_edu.masks.mask.save", fail)
    with pytest.raises(OSError, match="disk full"):
        Mask(0 * mask.delta, 0).save(path)
    assert torch.equal(Mask.load(path).delta, mask.delta)
    assert list(tmp_path.iterdir()) == [path]


def test_damaged_and_foreign_files_are_refused(mask: Mask, tmp_path: Path) -> None:
    path = tmp_path / "mask.safetensors"
    with pytest.raises(MaskError, match="there is no mask"):
        Mask.load(path)
    mask.save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(MaskError, match="damaged"):
        Mask.load(path)
    path.write_bytes(whole.replace(b"made up", b"made op"))
    with pytest.raises(MaskError, match="damaged"):
        Mask.load(path)
    for content in (whole[:100], b"", b"hello"):
        path.write_bytes(content)
        with pytest.raises(MaskError, match="not a mask"):
            Mask.load(path)
    from safetensors.torch import save_file

    save_file({"delta": mask.delta}, path)
    with pytest.raises(MaskError, match="not a mask"):
        Mask.load(path)


def test_bad_input_is_named(mask: Mask) -> None:
    with pytest.raises(MaskError, match="mask is 112x112 and the images 64x64"):
        mask.apply(IMAGES[..., :64, :64])
    with pytest.raises(ValueError, match="within 0 and 1"):
        mask.apply(IMAGES, eps=8)
    with pytest.raises(ValueError, match="within 0 and 1"):
        Mask(mask.delta, -0.1)
    with pytest.raises(ValueError, match="within eps"):
        Mask(mask.delta, EPS / 2)
    with pytest.raises(ValueError, match="within eps"):
        Mask(mask.delta * float("nan"), EPS)
    with pytest.raises(ValueError, match=r"torch\.from_numpy"):
        Mask(mask.delta.numpy(), EPS)
    with pytest.raises(ValueError, match="got '8/255'"):
        Mask(mask.delta, "8/255")
    with pytest.raises(ValueError, match=r"\(3, H, W\)"):
        Mask(mask.delta[None], EPS)
