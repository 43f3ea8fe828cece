"""The purifier: it learns, it is reproducible, it stores itself, and a mask can be learned through it."""

from pathlib import Path

import pytest
import torch

from opom_edu.errors import OpomError
from opom_edu.evaluation import Purifier, learn_purifier, moves
from opom_edu.evaluation.purifier import UNet
from opom_edu.faces import People, quantize
from opom_edu.masks import OPOM
from opom_edu.recognizers import Recognizer


@pytest.fixture(scope="module")
def pairs() -> tuple[torch.Tensor, torch.Tensor]:
    """Soft photos, without and with one checkerboard."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(48, 3, 6, 6, generator=generator)
    clean = torch.nn.functional.interpolate(coarse, (112, 112), mode="bilinear").clamp(0.1, 0.9)
    board = 0.05 * torch.tensor([[1.0, -1.0], [-1.0, 1.0]]).tile(56, 56)
    return clean, clean + board


def test_it_takes_off_what_it_has_seen_and_leaves_the_rest(pairs: tuple[torch.Tensor, torch.Tensor]) -> None:
    clean, masked = pairs
    purifier = learn_purifier(clean[:40], masked[:40], epochs=10, batch=8)
    before, after = ((images - clean[40:]).abs().mean() for images in (masked[40:], purifier.wash(masked[40:])))
    assert after < 0.5 * before


def test_a_seed_gives_the_same_weights(pairs: tuple[torch.Tensor, torch.Tensor], surrogate: Recognizer) -> None:
    clean, masked = (images[:8] for images in pairs)
    one, same, other = (learn_purifier(clean, masked, surrogate, epochs=1, batch=4, seed=seed) for seed in (0, 0, 1))
    assert torch.equal(one.wash(masked), same.wash(masked))
    assert not torch.equal(one.wash(masked), other.wash(masked))


def test_files_are_whole_and_others_are_refused(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = UNet(8)
    torch.nn.init.normal_(network.last.weight, std=0.05)
    purifier, images = Purifier(network), torch.rand(2, 3, 112, 112)
    purifier.save(tmp_path / "one.safetensors")
    again = Purifier.load(tmp_path / "one.safetensors").wash(images)
    assert (again - purifier.wash(images)).abs().max() <= 2 / 255  # float16 on disk
    assert not torch.equal(again, quantize(images))
    (tmp_path / "bad.safetensors").write_bytes(b"\x80\x04pickle")
    for name in ("bad.safetensors", "none.safetensors"):
        with pytest.raises(OpomError, match=f"{name} holds no purifier"):
            Purifier.load(tmp_path / name)


def test_shapes_must_match(pairs: tuple[torch.Tensor, torch.Tensor]) -> None:
    with pytest.raises(ValueError, match="must be the same photos"):
        learn_purifier(pairs[0], pairs[1][:3])


def test_the_shipped_one_washes_and_can_be_learned_through(people: People, surrogate: Recognizer) -> None:
    purifier = Purifier.load()
    assert sum(weights.numel() for weights in purifier.network.parameters()) < 1_000_000
    options = {"steps": 2, "eps": 0.1, "step_size": 0.05}
    train = [person.train for person in people.values()]
    plain, through = (OPOM(surrogate, **options, transforms=ways).fit_many(train) for ways in ((), (purifier,)))
    assert not torch.equal(plain[0].delta, through[0].delta)
    washings = {"nothing": lambda photos: photos, "purifier": purifier.wash}
    table = moves([surrogate], people, {"plain": plain}, washings)
    assert len(table) == 3 * 2 * len(people)
    mean = table.pivot_table("psnr", "masks", "washed")["nothing"]
    assert mean["unprotected"] > 50, "rounded to 8 bit, and no more"
    assert 10 < mean["plain"] < 30
