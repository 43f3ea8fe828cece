"""The changes of the gradient against their formulas, and that they leave the surrogate as they found it."""

import pytest
import torch
from torch import Tensor, nn

from opom_edu.faces import People
from opom_edu.masks import (
    OPOM,
    GradientChange,
    Step,
    feature_dropout,
    input_diversity,
    ladder,
    nesterov,
    random_flip,
    repeated,
    smooth_gradient,
    strong,
    symmetric,
    variance_tuning,
)
from opom_edu.masks.loop import Run
from opom_edu.masks.preset import TRANSFORMS
from opom_edu.recognizers import Recognizer
from tests.conftest import small_network

ALL = (nesterov(), variance_tuning(2), feature_dropout(), repeated(2), smooth_gradient())


def square(masked: Tensor) -> Tensor:
    """The gradient of the sum of cubes, over three."""
    return masked.square().mean(1)


@pytest.fixture
def run(surrogate: Recognizer) -> Run:
    images = torch.rand(2, 3, 3, 112, 112, generator=torch.Generator().manual_seed(1))
    generators = [torch.Generator().manual_seed(seed) for seed in range(2)]
    velocity = torch.randn(2, 3, 112, 112, generator=generators[0])
    return Run(surrogate, images, generators, momentum=0.9, step_size=1 / 255, eps=8 / 255, velocity=velocity)


def test_nesterov_looks_ahead(run: Run) -> None:
    expected = square((run.images + 0.9 / 255 * run.velocity[:, None]).clamp(0, 1))
    torch.testing.assert_close(nesterov()(square, run)(run.images), expected)


def test_smoothing_keeps_the_sum_and_spreads_a_point(run: Run) -> None:
    point = torch.zeros(1, 3, 112, 112)
    point[..., 56, 56] = 1
    smooth = smooth_gradient(2.0)(lambda _: point, run)(run.images)
    torch.testing.assert_close(smooth.sum((2, 3)), torch.ones(1, 3))
    torch.testing.assert_close(smooth[0, 0, 56, 58] / smooth[0, 0, 56, 56], torch.tensor(-0.5).exp())


def test_variance_tuning_adds_how_it_differed_nearby_one_step_ago(run: Run) -> None:
    seen: list[Tensor] = []

    def remembered(masked: Tensor) -> Tensor:
        seen.append(masked)
        return square(masked)

    tuned = variance_tuning(2, radius=1.5)(remembered, run)
    torch.testing.assert_close(tuned(run.images), square(run.images))
    near = (square(seen[1]) + square(seen[2])) / 2
    assert (seen[1] - run.images).abs().max() <= 12 / 255 + 1e-6
    torch.testing.assert_close(tuned(run.images), square(run.images) + near - square(run.images))


def test_dropout_is_another_network_each_time_and_the_same_one_within(run: Run) -> None:
    def embedded(masked: Tensor) -> Tensor:
        twice = [run.surrogate.embed(masked.flatten(0, 1)) for _ in range(2)]
        assert torch.equal(*twice)  # as when a batch is computed again for its gradient
        return twice[0]

    plain = run.surrogate.embed(run.images.flatten(0, 1))
    first, second = (feature_dropout(0.3)(embedded, run)(run.images) for _ in range(2))
    assert not torch.equal(first, second)
    assert (first * plain).sum(-1).mean() > 0.5
    assert torch.equal(feature_dropout(0.0)(embedded, run)(run.images), plain)


def test_dropout_needs_convolutions(run: Run) -> None:
    run.surrogate = Recognizer.from_module(
        nn.Sequential(nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(48, 8)), name="flat"
    )
    with pytest.raises(ValueError, match="flat has no convolutions"):
        feature_dropout()(square, run)(run.images)


class Odd(nn.Module):
    """A network that nobody prepared: functional calls, a layer used twice, mixed modes."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 7, 4)
        self.twice = nn.Conv2d(8, 8, 3, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.dropout = nn.Dropout(0.5)
        self.head = nn.Linear(8, 16)

    def forward(self, x: Tensor) -> Tensor:
        x = self.twice(torch.relu(self.stem(x)))
        return self.head(self.dropout(self.norm(self.twice(x)).relu().mean((2, 3))))


@pytest.mark.parametrize("make", [Odd, small_network])
def test_any_surrogate_is_left_as_it_was(make: type[nn.Module], people: People) -> None:
    module = make().train()
    next(iter(module.children())).eval()
    weights = {name: value.clone() for name, value in module.state_dict().items()}
    modes = [part.training for part in module.modules()]
    calls: list[int] = []
    module.register_forward_hook(lambda *_: calls.append(1))  # somebody else's stays
    hooks = [len(part._forward_hooks) for part in module.modules()]
    OPOM(Recognizer.from_module(module, name="odd"), steps=2, gradients=ALL).fit(people["person 0"].train)
    assert all(torch.equal(value, weights[name]) for name, value in module.state_dict().items())
    assert [part.training for part in module.modules()] == modes
    assert [len(part._forward_hooks) for part in module.modules()] == hooks
    assert calls
    assert all(weight.grad is None for weight in module.parameters())


def test_hooks_go_even_when_a_step_fails(run: Run) -> None:
    def fail(masked: Tensor) -> Tensor:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        feature_dropout()(fail, run)(run.images)
    assert not any(part._forward_hooks for part in run.surrogate.module.modules())


@pytest.mark.parametrize("change", ALL)
def test_every_change_reaches_the_mask_and_the_seed_alone_decides(
    change: GradientChange, surrogate: Recognizer, people: People
) -> None:
    images = people["person 0"].train
    transforms = (random_flip(), input_diversity())
    plain = OPOM(surrogate, steps=4, momentum=1.0, transforms=transforms).fit(images).delta
    seen: list[Step] = []
    changed = OPOM(surrogate, steps=4, momentum=1.0, transforms=transforms, gradients=[change])
    mask = changed.fit(images, seen.append)
    assert not torch.equal(mask.delta, plain)
    assert torch.equal(changed.fit(images).delta, mask.delta)
    assert len(seen) == 4
    both = changed.fit_many([people["person 1"].train, images])  # whoever is learned beside
    assert ((both[1].delta - mask.delta).abs() <= 1e-6).float().mean() > 0.95


def test_they_work_on_an_ensemble_and_stand_in_the_recipe(surrogate: Recognizer, people: People) -> None:
    other = Recognizer.from_module(small_network(seed=3), name="second")
    method = OPOM(Recognizer.ensemble([surrogate, other]), steps=2, gradients=ALL)
    recipe = method.fit(people["person 0"].train).recipe
    assert recipe["gradients"][:2] == ["nesterov()", "variance_tuning(samples=2, radius=1.5)"]


def test_dropout_with_more_photos_than_a_batch(surrogate: Recognizer, people: People) -> None:
    small = Recognizer.from_module(surrogate.module, name="small", preprocess=lambda x: 2 * x - 1)
    small._batch_size = 3
    mask = OPOM(small, steps=3, gradients=[feature_dropout()]).fit(people["person 0"].train)
    assert bool(mask.delta.isfinite().all())


def test_symmetric_steps_are_what_photos_and_their_mirror_images_ask_for(run: Run) -> None:
    both = torch.cat([run.images, run.images.flip(-1)], 1)
    assert torch.allclose(symmetric()(square, run)(run.images), square(both), atol=1e-6)


def test_bad_parameters_are_named(surrogate: Recognizer) -> None:
    for make, name in (
        (lambda: smooth_gradient(0), "width"), (lambda: repeated(0), "copies"),
        (lambda: variance_tuning(0), "samples"), (lambda: feature_dropout(1.0), "rate"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=name):
            make()
    with pytest.raises(ValueError, match=r"gradients=\[nesterov\(\)\]"):
        OPOM(surrogate, gradients=nesterov())


def test_the_preset_is_the_last_rung_and_each_rung_adds_one_aid(surrogate: Recognizer) -> None:
    rungs = ladder(surrogate, eps=4 / 255, seed=3)
    last = list(rungs.values())[-1]
    assert strong(surrogate, 4 / 255, 3).recipe() == last.recipe()
    assert (last.steps, last.eps, last.seed, last.momentum) == (100, 4 / 255, 3, 1.0)
    counts = [len(method.transforms) + len(method.gradients) for method in rungs.values()]
    assert counts == list(range(len(rungs)))


@pytest.mark.parametrize("chosen", [[0], [0, 0], [0] * 8], ids=["one photo", "the same twice", "eight looks at one"])
def test_one_photo_gives_a_mask_that_leaves_it(surrogate: Recognizer, people: People, chosen: list[int]) -> None:
    photos = people["person 0"].train[chosen]
    for method in (strong(surrogate, steps=8), OPOM(surrogate, transforms=TRANSFORMS), OPOM(surrogate, hull="affine")):
        mask = method.fit(photos)
        assert 4 / 255 < mask.delta.abs().max() <= 8 / 255 + 1e-7  # no NaN is
        assert (surrogate.embed(mask.apply(photos)) * surrogate.embed(photos)).sum(1).max() < 0.99
