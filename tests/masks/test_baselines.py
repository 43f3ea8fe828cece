"""What a mask per person is compared with: each does what its paper says, on the same verbs, and stays within eps."""

import pytest
import torch
from torch import Tensor, nn

from opom_edu import protection
from opom_edu.faces import People
from opom_edu.masks import FIUAP, GDUAP, METHODS, FIUAPAll, PerImage, make_method
from opom_edu.recognizers import Recognizer
from tests.conftest import make_person

EPS = 8 / 255
UNIVERSAL = [name for name, entry in METHODS.items() if entry.one_for == "everybody"]
PER_PHOTO = [name for name, entry in METHODS.items() if entry.one_for == "photo"]


@pytest.fixture(scope="module")
def others() -> Tensor:
    return torch.cat([make_person(f"other {i}", 100 + i).train for i in range(5)])


def distance(surrogate: Recognizer, images: Tensor, protected: Tensor) -> float:
    return 1 - float((surrogate.embed(protected) * surrogate.embed(images)).sum(1).mean())


@pytest.mark.parametrize("name", [*UNIVERSAL, *PER_PHOTO])
def test_every_baseline_beats_noise_within_eps_and_by_its_seed(
    name: str, surrogate: Recognizer, people: People, others: Tensor
) -> None:
    person = people["person 1"]
    noise = make_method("random", surrogate).fit(person.train).apply(person.test)
    first, again, other = (make_method(name, surrogate, steps=6, seed=seed, others=others) for seed in (0, 0, 1))
    protected = first.fit(person.train).apply(person.test)
    assert (protected - person.test).abs().max() <= EPS * (1 + 1e-5)
    assert protected.min() >= 0 and protected.max() <= 1  # noqa: PT018
    assert torch.equal(again.fit(person.train).apply(person.test), protected)
    assert not torch.equal(other.fit(person.train).apply(person.test), protected)
    assert distance(surrogate, person.test, protected) > 1.5 * distance(surrogate, person.test, noise)


@pytest.mark.parametrize("name", UNIVERSAL)
def test_one_mask_serves_everybody_and_learns_from_nobody_protected(
    name: str, surrogate: Recognizer, people: People, others: Tensor
) -> None:
    method = make_method(name, surrogate, steps=3, others=others)
    seen = []
    masks = method.fit_many([person.train for person in people.values()], seen.append)
    assert all(torch.equal(mask.delta, masks[0].delta) for mask in masks)
    assert torch.equal(method.fit(torch.rand(2, 3, 112, 112)).delta, masks[0].delta)
    assert [step.progress for step in seen] == pytest.approx([1 / 3, 2 / 3, 1])
    assert torch.equal(list(method.iterate(people["person 0"].train))[-1].delta, masks[0].delta)
    assert method.passes_per_photo == 0


def test_fi_uap_all_is_fi_uap_on_the_others(surrogate: Recognizer, people: People, others: Tensor) -> None:
    own = FIUAP(surrogate, steps=3).fit(others)
    assert torch.equal(FIUAPAll(surrogate, steps=3, others=others).fit(people["person 0"].train).delta, own.delta)


def test_gd_uap_drives_up_activations_and_takes_its_hooks_away(surrogate: Recognizer) -> None:
    method = GDUAP(surrogate, steps=5)
    losses = [float(step.loss) for step in method.iterate(torch.rand(1, 3, 112, 112))]
    assert losses[-1] > losses[0]
    assert not any(layer._forward_hooks for layer in surrogate.module.modules())
    flat = Recognizer.from_module(nn.Sequential(nn.AvgPool2d(28), nn.Flatten(), nn.Linear(48, 8)), name="flat")
    with pytest.raises(ValueError, match="flat has none"):
        GDUAP(flat)


def test_an_attack_per_image_is_the_method_on_each_photo_alone(surrogate: Recognizer, people: People) -> None:
    person = people["person 0"]
    attack = PerImage(FIUAP(surrogate, steps=3), "PGD")
    alone = [FIUAP(surrogate, steps=3).fit(photo[None]).apply(photo[None]) for photo in person.test]
    torch.testing.assert_close(attack.fit(person.train).apply(person.test), torch.cat(alone), atol=2.1 / 255, rtol=0)
    assert attack.passes_per_photo == 3
    steps = list(attack.iterate(person.test))
    assert len(steps) == 3 and steps[0].delta.shape == person.test.shape  # noqa: PT018


def test_tip_im_goes_to_somebody_else(surrogate: Recognizer, people: People, others: Tensor) -> None:
    photos = people["person 2"].test
    targets = surrogate.embed(others)
    nearest = {
        name: float((surrogate.embed(method.fit(photos).apply(photos)) @ targets.T).amax(1).mean())
        for name in ("pgd", "tip-im")
        for method in [make_method(name, surrogate, steps=8, others=others)]
    }
    assert nearest["tip-im"] > nearest["pgd"]


def test_they_stand_in_one_table_and_are_attacked_once(surrogate: Recognizer, people: People, others: Tensor) -> None:
    calls: list[int] = []

    def counted(images: Tensor) -> Tensor:
        calls.append(len(images))
        return 2 * images - 1

    counting = Recognizer.from_module(surrogate.module, name="counting", preprocess=counted)
    again = Recognizer.from_module(surrogate.module, name="again", preprocess=lambda x: 2 * x - 1)
    images = [person.train for person in people.values()]
    methods = {name: make_method(name, counting, steps=6, others=others) for name in METHODS}
    masks = {name: method.fit_many(images) for name, method in methods.items()}
    calls.clear()
    table = protection([surrogate, again], people, masks, ranks=(1,))
    assert list(table["method"].unique()) == list(METHODS)
    photos = sum(len(person.test) for person in people.values())
    per_image = sum(count for count in calls if count > 1) / photos  # single photos only probe the frozen copies
    assert per_image == pytest.approx(3 * (6 + 1) + len(others) * len(people) / photos)  # not twice, for two recognizers


def test_bad_input_is_named(surrogate: Recognizer, others: Tensor) -> None:
    with pytest.raises(ValueError, match="others="):
        make_method("uap", surrogate)
    with pytest.raises(ValueError, match="others must be one batch"):
        FIUAPAll(surrogate, others=[others])
    with pytest.raises(ValueError, match="training images are empty"):
        FIUAPAll(surrogate, others=others[:0])
