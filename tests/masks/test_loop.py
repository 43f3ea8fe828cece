"""The loop against a literal rendering of the paper's steps, and the promises of its methods."""

import dataclasses
import warnings

import numpy as np
import pytest
import torch
from torch import Tensor

from opom_edu.errors import MaskWarning
from opom_edu.faces import People
from opom_edu.hulls import reference
from opom_edu.masks import FIUAP, LEARNED, OPOM, FIUAPPlus, Learner, Mask, Step, input_diversity, make_method, random_flip
from opom_edu.recognizers import Recognizer

EPS = 8 / 255
TRANSFORMS = (random_flip(), input_diversity())


def literal(surrogate: Recognizer, images: Tensor, method: str, *, steps: int, momentum: float, warmup: int) -> Tensor:
    """The paper's steps, one image and one CVXPY problem at a time."""
    clean = [surrogate.embed(image[None])[0] for image in images]
    points = torch.stack(clean).double().numpy()
    generator = torch.Generator().manual_seed(0)
    noise = EPS * (2 * torch.rand(images.shape, generator=generator) - 1)
    masked = [(image + n).clamp(0, 1) for image, n in zip(images, noise, strict=True)]
    velocity = torch.zeros_like(images[0])
    for step in range(steps):
        gradients = []
        for i, image in enumerate(masked):
            image = image.clone().requires_grad_()
            embedding = surrogate.embed(image[None])[0]
            x = embedding.detach().double().numpy()
            if method == "fi-uap":
                loss = (embedding - clean[i]).square().sum()
            elif method == "fi-uap+":
                loss = -torch.stack([embedding @ other for other in clean]).mean()
            else:
                in_warmup = method in ("convex", "reduced") and step < warmup
                weights = {
                    "center": lambda x: reference.center(points, x),
                    "affine": lambda x: reference.affine(points, x),
                    "convex": lambda x: reference.convex(points, x),
                    "reduced": lambda x: reference.reduced(points, x, 0.0, 2 / len(points)),
                }["center" if in_warmup else method](x)
                loss = (embedding - torch.from_numpy(weights @ points).float()).square().sum()
            gradients.append(torch.autograd.grad(loss, image)[0])
        gradient = torch.stack(gradients).mean(0)
        velocity = momentum * velocity + gradient / gradient.abs().mean()
        differences = [(m + velocity.sign() / 255).clamp(0, 1) - image for m, image in zip(masked, images, strict=True)]
        delta = torch.stack(differences).mean(0).clamp(-EPS, EPS)
        masked = [(image + delta).clamp(0, 1) for image in images]
    return delta


@pytest.mark.parametrize("method", ["fi-uap", "fi-uap+", "center", "affine", "convex", "reduced"])
def test_the_loop_does_the_papers_steps(method: str, surrogate: Recognizer, people: People) -> None:
    images = people["person 0"].train
    extra = {"warmup": 3} if method in ("convex", "reduced") else {}
    mask = make_method(method, surrogate, steps=8, momentum=0.5, **extra).fit(images)
    expected = literal(surrogate, images, method, steps=8, momentum=0.5, warmup=3)
    same = (mask.delta - expected).abs() < 0.1 / 255
    assert same.float().mean() >= 0.99


def methods(surrogate: Recognizer) -> list[Learner[Mask]]:
    plain = [make_method(name, surrogate, steps=4) for name in ("random", *LEARNED)]
    return [*plain, OPOM(surrogate, steps=4, momentum=1.0, transforms=TRANSFORMS)]


def test_masks_stay_within_eps_and_move_the_person_away(surrogate: Recognizer, people: People) -> None:
    person = people["person 1"]
    clean = surrogate.embed(person.test)
    moved = {}
    for method in methods(surrogate):
        mask = method.fit(person.train)
        assert mask.delta.abs().max() <= EPS * (1 + 1e-6)
        assert mask.recipe["method"] == method.name
        assert torch.equal(list(method.iterate(person.train))[-1].delta, mask.delta)
        moved[method.name] = 1 - float((surrogate.embed(mask.apply(person.test)) * clean).sum(1).mean())
    assert all(moved[name] > 2 * moved["random noise"] for name in moved if name != "random noise")


def test_a_seed_gives_the_same_mask_to_the_bit(surrogate: Recognizer, people: People) -> None:
    images = people["person 0"].train
    for method in methods(surrogate):
        first = method.fit(images).delta
        torch.rand(3)  # the global generator is not asked
        assert torch.equal(method.fit(images).delta, first)
        other = dataclasses.replace(method, seed=1)
        assert not torch.equal(other.fit(images).delta, first)


def test_global_randomness_is_left_alone(surrogate: Recognizer, people: People) -> None:
    state = torch.get_rng_state()
    OPOM(surrogate, steps=2, transforms=TRANSFORMS).fit(people["person 0"].train)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("transforms", [(), TRANSFORMS])
def test_everybody_at_once_is_everybody_alone(surrogate: Recognizer, people: People, transforms: tuple[object, ...]) -> None:
    images = [person.train for person in people.values()]
    images[1] = images[1][:2]  # with another number of photos
    method = OPOM(surrogate, steps=6, warmup=2, transforms=transforms)
    for own, mask in zip(images, method.fit_many(images), strict=True):
        # Batches of other sizes may be summed in another order, and a gradient near zero then changes its sign; with another
        # person's random numbers hardly half of the pixels would agree.
        assert ((mask.delta - method.fit(own).delta).abs() <= 1e-6).float().mean() > 0.95


def test_no_more_images_than_a_batch_share_a_pass(people: People, surrogate: Recognizer) -> None:
    seen: list[int] = []
    counting = Recognizer.from_module(surrogate._module, name="m", preprocess=lambda x: (seen.append(len(x)), 2 * x - 1)[1])
    counting._batch_size = 9
    OPOM(counting, steps=1).fit_many([person.train for person in people.values()])
    assert max(seen) == 8  # two people of four images
    many = torch.cat([person.test for person in people.values()])  # one person with 24
    mask = OPOM(counting, steps=4, warmup=1).fit(many)
    assert max(seen) == 9
    expected = OPOM(surrogate, steps=4, warmup=1).fit(many).delta
    assert ((mask.delta - expected).abs() < 1e-6).float().mean() > 0.95


def test_the_callers_gradients_do_not_matter(surrogate: Recognizer, people: People) -> None:
    images = people["person 0"].train
    expected = OPOM(surrogate, steps=3).fit(images).delta
    with torch.no_grad():
        assert torch.equal(OPOM(surrogate, steps=3).fit(images).delta, expected)
    mask = OPOM(surrogate, steps=3).fit(images.clone().requires_grad_())
    assert torch.equal(mask.delta, expected)
    assert not mask.delta.requires_grad


def test_the_recipe_tells_the_transforms_and_their_parameters(surrogate: Recognizer, people: People) -> None:
    method = OPOM(surrogate, steps=1, transforms=[random_flip(0.3), input_diversity(0.5, 0.2), lambda images, _: images])
    recipe = method.fit(people["person 0"].train).recipe
    assert recipe["transforms"][:2] == ["random_flip(probability=0.3)", "input_diversity(smallest=0.5, probability=0.2)"]
    assert (recipe["hull"], recipe["steps"], recipe["surrogate"]) == ("convex", 1, "small")


def test_iterating_shows_every_step_of_fitting(surrogate: Recognizer, people: People) -> None:
    images = people["person 0"].train
    method = OPOM(surrogate, steps=6)
    steps = list(method.iterate(images))
    assert [step.index for step in steps] == list(range(6))
    assert steps[-1].progress == 1
    assert torch.equal(steps[-1].delta, method.fit(images).delta)
    assert steps[0].embeddings.shape == steps[0].targets.shape == (4, 32)
    assert steps[0].loss.shape == ()
    expected = (steps[3].embeddings - steps[3].targets).square().sum(-1).mean()
    torch.testing.assert_close(steps[3].loss, expected)
    assert steps[-1].loss > steps[0].loss


def test_progress_runs_to_one(surrogate: Recognizer, people: People) -> None:
    seen: list[Step] = []
    OPOM(surrogate, steps=3).fit_many([person.train for person in people.values()], seen.append)
    shares = [step.progress for step in seen]
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1)
    single: list[Step] = []
    OPOM(surrogate, steps=3).fit(people["person 0"].train, single.append)
    assert [step.delta.shape for step in single] == [(3, 112, 112)] * 3


def test_fi_uap_plus_is_the_class_center(surrogate: Recognizer, people: People) -> None:
    """On unit embeddings the two gradients are equal, so the masks differ by rounding alone."""
    images = people["person 2"].train
    plus, center = (m.fit(images).delta for m in (FIUAPPlus(surrogate, steps=5), OPOM(surrogate, hull="center", steps=5)))
    assert ((plus - center).abs() < 1e-6).float().mean() > 0.99
    own = FIUAP(surrogate, steps=5).fit(images).delta
    assert ((own - center).abs() < 1e-6).float().mean() < 0.99


def test_a_hull_that_never_takes_over_is_said(surrogate: Recognizer) -> None:
    with pytest.warns(MaskWarning, match="steps=5 and warmup=5 the convex hull never takes over"):
        OPOM(surrogate, steps=5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        OPOM(surrogate, steps=6)
        OPOM(surrogate, hull="center", steps=5)


def test_eps_zero_is_no_mask(surrogate: Recognizer, people: People) -> None:
    person = people["person 0"]
    for name in ("random", *LEARNED):
        mask = make_method(name, surrogate, eps=0).fit(person.train)
        assert not mask.delta.any()
        assert torch.equal(mask.apply(person.test), person.test)


def test_one_image_and_black_and_white_images_are_enough(surrogate: Recognizer) -> None:
    for images in (torch.rand(1, 3, 112, 112), torch.zeros(2, 3, 112, 112), torch.ones(2, 3, 112, 112)):
        for name in ("random", *LEARNED):
            assert torch.isfinite(make_method(name, surrogate).fit(images).delta).all()


def test_bad_input_is_named(surrogate: Recognizer, black_box: Recognizer, people: People) -> None:
    images = people["person 0"].train
    with pytest.raises(ValueError, match="box is a black box"):
        OPOM(black_box)
    for eps in (-0.1, 1.1, np.nan):
        with pytest.raises(ValueError, match="eps must be within 0 and 1"):
            OPOM(surrogate, eps=eps)
    with pytest.raises(ValueError, match="center, reduced, convex, affine"):
        OPOM(surrogate, hull="round")
    with pytest.raises(ValueError, match="steps"):
        FIUAP(surrogate, steps=0)
    with pytest.raises(ValueError, match="step_size"):
        FIUAP(surrogate, step_size=0)
    with pytest.raises(ValueError, match="warmup"):
        OPOM(surrogate, warmup=-1)
    with pytest.raises(ValueError, match="fi-uap, fi-uap"):
        make_method("opom", surrogate)
    with pytest.raises(ValueError, match="training images are empty"):
        OPOM(surrogate).fit(images[:0])
    with pytest.raises(ValueError, match="training images must lie"):
        OPOM(surrogate).fit(images * 255)
    with pytest.raises(ValueError, match="surrogate must be a Recognizer, got 'dlib'; make one with load_recognizer"):
        OPOM("dlib")
    with pytest.raises(ValueError, match=r"transforms=\[random_flip\(\)\]"):
        OPOM(surrogate, transforms=random_flip())
    with pytest.raises(ValueError, match=r"use fit\(images\)"):
        OPOM(surrogate).fit_many(images)
    with pytest.raises(ValueError, match="whole number"):
        OPOM(surrogate, steps=2.5)
    detached = Recognizer.from_module(surrogate._module, name="cut", preprocess=lambda x: x.detach())
    with pytest.raises(ValueError, match="cut gives no gradient"):
        OPOM(detached).fit(images)
    with pytest.raises(TypeError):
        OPOM(surrogate, "convex")


def test_a_mask_can_start_from_another(surrogate: Recognizer, people: People) -> None:
    images = people["person 0"].train
    large = OPOM(surrogate, eps=16 / 255, steps=8).fit(images)
    method = OPOM(surrogate, eps=4 / 255, steps=2, warmup=0)
    cold, warm = (list(method.iterate(images, start)) for start in (None, large.delta))
    assert warm[0].loss > cold[0].loss
    assert warm[-1].delta.abs().max() <= 4 / 255 * (1 + 1e-6)
