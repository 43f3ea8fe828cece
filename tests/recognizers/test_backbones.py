"""Networks of the published sizes, and folding that changes nothing."""

import copy

import pytest
import torch
from torch import nn

from opom_edu.recognizers.backbones import IRNet, MobileFaceNet
from opom_edu.recognizers.frozen import for_inference
from opom_edu.recognizers.inception import InceptionResNet
from opom_edu.recognizers.networks import multiply_adds
from opom_edu.recognizers.recipes import RECIPES

IMAGES = torch.rand(3, 3, 112, 112, generator=torch.Generator().manual_seed(0))
SMALL = {
    "ir": lambda: IRNet(width=8, blocks=(1, 2), dim=16, stem_stride=4),
    "seir": lambda: IRNet(width=8, blocks=(1, 2), dim=16, stem_stride=2, se=True, slope=0.25),
    "mobilefacenet": lambda: MobileFaceNet(width=0.25, dim=16, stem_stride=4, slope=0.25),
    "inception": lambda: InceptionResNet(width=0.125, blocks=(1, 1, 1), dim=16),
    "leaky inception": lambda: InceptionResNet(width=0.125, blocks=(1, 1, 1), dim=16, stem_stride=4, pool=False, slope=0.25),
}


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_full_sizes_are_the_published_ones() -> None:
    with torch.device("meta"):
        plain, weighing, inception = IRNet(), IRNet(se=True), InceptionResNet()
    assert 43.5e6 < count(plain) < 43.7e6  # "43.6 M": IR-50 of the public ArcFace code
    assert 0 < count(weighing) - count(plain) < 0.3e6
    assert 22e6 < count(inception) < 24e6  # FaceNet's public code: 22.8 M and the embedding


def test_inception_without_pooling_and_relu_has_neither_in_its_stem_or_anywhere() -> None:
    plain, leaky = SMALL["inception"](), SMALL["leaky inception"]()
    relus, slopes = ([part for part in net.modules() if isinstance(part, kind)]
                     for net, kind in ((plain, nn.ReLU), (leaky, nn.LeakyReLU)))  # fmt: skip
    assert len(relus) == len(slopes) > 20
    assert {part.negative_slope for part in slopes} == {0.25}
    assert not any(isinstance(part, nn.ReLU) for part in leaky.modules())
    assert [sum(isinstance(part, nn.MaxPool2d) for part in net.stem) for net in (plain, leaky)] == [1, 0]


@pytest.mark.parametrize("name", SMALL)
def test_folding_changes_nothing_but_rounding(name: str) -> None:
    module = SMALL[name]()
    for _ in range(3):
        module.train()(IMAGES)  # gives the batch norms something to fold
    expected = module.eval()(IMAGES)
    folded = for_inference(copy.deepcopy(module))
    norms = [sum(isinstance(part, nn.BatchNorm2d) for part in net.modules()) for net in (module, folded)]
    assert norms[1] < norms[0] / 2
    torch.testing.assert_close(folded(IMAGES), expected, atol=1e-4, rtol=1e-4)


def test_multiply_adds_are_counted_and_the_mode_is_kept() -> None:
    module = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.Flatten(), nn.Linear(8 * 56 * 56, 4)).train()
    assert multiply_adds(module) == 56 * 56 * 27 * 8 + 8 * 56 * 56 * 4
    assert module.training


@pytest.mark.parametrize("name", RECIPES)
def test_recipes_are_small(name: str) -> None:
    module = RECIPES[name].build()
    assert 15e6 < multiply_adds(module) < 80e6
    assert 2 * count(module) < 4e6  # bytes as float16
