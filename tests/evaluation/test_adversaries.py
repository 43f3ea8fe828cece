"""Adversaries against masks whose answer is known."""

import pytest
import torch

from opom_edu import OPOM
from opom_edu.evaluation import (
    averaging,
    detection,
    enrolled,
    estimate_mask,
    mask_quality,
    mix_ups,
    protection,
    retrained,
    unlocked,
)
from opom_edu.faces import People, quantize
from opom_edu.masks import Mask, RandomNoise
from opom_edu.recognizers import Recognizer
from tests.conftest import make_people, make_person, smooth_noise


@pytest.fixture
def strangers(people: People) -> People:
    return People(list(people.values()), smooth_noise(12, torch.Generator().manual_seed(99)))


@pytest.fixture
def masks(people: People, surrogate: Recognizer) -> dict[str, list[Mask]]:
    return {"OPOM": OPOM(surrogate, steps=8, eps=0.1, step_size=0.02).fit_many([p.train for p in people.values()])}


def cosine(a: torch.Tensor, b: torch.Tensor) -> float:
    return float(torch.cosine_similarity(a.flatten(), b.flatten(), dim=0))


def test_more_photos_give_a_mask_away() -> None:
    """Photos with noise of their own, so that one alone does not."""
    photos = make_person("Ada", 0).test
    noisy = quantize((photos + 0.04 * torch.randn(photos.shape, generator=torch.Generator().manual_seed(1))).clamp(0, 1))
    mask = RandomNoise(eps=8 / 255).fit(photos)
    found = [cosine(estimate_mask(mask.apply(noisy[:count])), mask.delta) for count in (1, 3, 6)]
    assert found[0] + 0.1 < found[1] < found[2] - 0.02
    assert abs(cosine(estimate_mask(noisy), mask.delta)) < 0.05
    assert float(estimate_mask(mask.apply(noisy)).abs().max()) <= 8 / 255 + 1e-6
    with pytest.raises(ValueError, match="got none"):
        estimate_mask(photos[:0])


def test_averaging_subtracts_what_it_found(people: People, surrogate: Recognizer, masks: dict[str, list[Mask]]) -> None:
    table = averaging([surrogate], people, masks, counts=(1, 4)).set_index("photos")
    rate = protection(surrogate, people, masks, ranks=(1,))
    assert table.loc[0, "psr_1"] == pytest.approx(rate["psr_1"][0])
    assert table.loc[0, "cosine"] == 0
    assert table.loc[4, "cosine"] > table.loc[4, "cosine_unprotected"] + 0.2
    assert table.loc[4, "similarity"] > table.loc[0, "similarity"]
    with pytest.raises(ValueError, match="within 1 and the 4 training photos"):
        averaging([surrogate], people, masks, counts=(5,))


def test_masks_on_both_sides_meet_again(strangers: People, surrogate: Recognizer, masks: dict[str, list[Mask]]) -> None:
    table = enrolled([surrogate], strangers, masks).set_index("masked")
    rate = protection(surrogate, strangers, masks, ranks=(1,))
    assert table.loc["probe", "psr_1"] == pytest.approx(rate["psr_1"][0])
    assert table.loc["nobody", "psr_1"] == pytest.approx(rate["unprotected_1"][0])
    # One mask against another's photos gives the same pairs, whichever side wears it.
    assert table.loc["gallery", "similarity"] == pytest.approx(table.loc["probe", "similarity"], abs=1e-5)
    assert table.loc["both", "similarity"] > table.loc["probe", "similarity"]
    assert (table["unprotected_1"] == table.loc["nobody", "unprotected_1"]).all()
    with pytest.raises(ValueError, match="must have distractors"):
        enrolled([surrogate], make_people(), masks)


def test_mix_ups(people: People, surrogate: Recognizer, masks: dict[str, list[Mask]]) -> None:
    table = mix_ups([surrogate], people, masks).set_index("case")
    rate = protection(surrogate, people, masks, ranks=(1,))
    assert table.loc["own mask", "psr_1"] == pytest.approx(rate["psr_1"][0])
    clean = table.loc["own mask", "similarity_unprotected"]
    assert table.loc["own, itself subtracted", "similarity"] == pytest.approx(clean, abs=0.03)
    assert table.loc["own mask", "similarity"] < table.loc["another person's", "similarity"]


def test_a_mask_on_the_others_is_not_on_its_owner(
    strangers: People, surrogate: Recognizer, masks: dict[str, list[Mask]]
) -> None:
    pair = [strangers["person 0"], strangers["person 1"]]
    own = {"OPOM": masks["OPOM"][:2]}
    table = mix_ups([surrogate], People(pair, strangers.distractors), own).set_index("case")
    other = People(pair[1:], strangers.distractors)
    wrong = protection(surrogate, other, {"person 1": own["OPOM"][0]}, ranks=(1,))
    assert table.loc["person 0's on the others", "similarity"] == pytest.approx(wrong["similarity"][0])
    with pytest.raises(ValueError, match="two at least"):
        mix_ups([surrogate], other, own)


def test_whoever_holds_the_mask_takes_it_off(people: People, surrogate: Recognizer, masks: dict[str, list[Mask]]) -> None:
    table = unlocked([surrogate], people, masks, (100, 30)).set_index("quality")
    assert (table["similarity"] > protection(surrogate, people, masks, ranks=(1,))["similarity"][0]).all()
    assert table["psnr"].is_monotonic_decreasing
    assert (table["psnr"] < table["psnr_unprotected"]).all()  # JPEG costs the photo something, and the key fits less well
    worn = mask_quality(people, masks["OPOM"])["psnr"]
    assert table.loc[100, "psnr"] > worn + 1


def test_a_retrained_recognizer_sees_through_masks_and_the_old_one_stays(surrogate: Recognizer) -> None:
    people, others = make_people(3), People(list(make_people(7).values())[3:])
    probe = people["person 0"].test
    before = surrogate.embed(probe)
    table = retrained(surrogate, people, others, lambda r: OPOM(r, steps=8, eps=0.1, step_size=0.02), epochs=6).set_index(
        "stage"
    )
    assert torch.equal(surrogate.embed(probe), before)
    assert table.loc["after fine-tuning", "similarity"] > table.loc["before", "similarity"]
    assert table.loc["masks learned anew", "similarity"] < table.loc["after fine-tuning", "similarity"]
    assert table["recognizer"].tolist() == ["small", "small, hardened", "small, hardened"]


def test_detection_guesses_without_masks_and_finds_noise() -> None:
    people = make_people(4)
    masks = {"faint": [Mask(torch.full((3, 112, 112), 1 / 255), 1 / 255)] * 4}
    table = detection(people, masks, qualities=(100, 30)).set_index("quality")
    assert (table["auc_unprotected"] == 0.5).all()
    loud = detection(people, {"loud": RandomNoise(eps=16 / 255).fit_many([p.train for p in people.values()])}, (100,))
    assert loud["auc"][0] > 0.95
    assert table.loc[100, "auc"] < loud["auc"][0]
    with pytest.raises(ValueError, match="two are needed"):
        detection(People([people["person 0"]]), {"faint": masks["faint"][:1]})
