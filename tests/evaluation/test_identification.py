"""The protocol against a literal rendering of it, and its edges."""

import pandas as pd
import pytest
import torch

import opom_edu
from opom_edu.errors import PeopleError
from opom_edu.evaluation import Gallery, protection, similarity
from opom_edu.faces import People, Person, quantize
from opom_edu.masks import Mask, RandomNoise
from opom_edu.recognizers import Recognizer
from tests.conftest import make_people, make_person, smooth_noise


def noise_masks(people: People, eps: float = 0.2) -> list[Mask]:
    return [RandomNoise(eps=eps, seed=i).fit(person.train) for i, person in enumerate(people.values())]


def literal_psr(recognizer: Recognizer, people: People, masks: list[Mask], rank: int) -> float:
    """Query by query, as the paper says it."""
    rates = []
    for (name, person), mask in zip(people.items(), masks, strict=True):
        others = [p.test for other, p in people.items() if other != name]
        distractors = people.distractors if len(people.distractors) else torch.cat(others)
        missed = []
        for i, photo in enumerate(person.test):
            probe = recognizer.embed(quantize(mask.apply(photo[None])))[0]
            for j, other_photo in enumerate(person.test):
                if i == j:
                    continue
                gallery = torch.cat([other_photo[None], distractors])
                similarities = recognizer.embed(quantize(gallery)) @ probe
                top = similarities.argsort(descending=True, stable=True)[:rank]
                missed.append(0 not in top)
        rates.append(100 * sum(missed) / len(missed))
    return sum(rates) / len(rates)


@pytest.mark.parametrize("own_distractors", [False, True])
@pytest.mark.parametrize("rank", [1, 3])
def test_rates_are_those_of_the_papers_protocol(black_box: Recognizer, own_distractors: bool, rank: int) -> None:
    people = make_people(3, photos=7)
    if own_distractors:
        people = People(list(people.values()), smooth_noise(20, torch.Generator().manual_seed(9)))
    masks = noise_masks(people)
    row = protection([black_box], people, masks, ranks=(rank,)).iloc[0]
    assert row["recognizer"] == "box"
    assert row["method"] == "random noise"
    assert row[f"psr_{rank}"] == pytest.approx(literal_psr(black_box, people, masks, rank))
    nothing = [Mask(torch.zeros(3, 112, 112), 0.0)] * len(people)
    assert row[f"unprotected_{rank}"] == pytest.approx(literal_psr(black_box, people, nothing, rank))


def test_masks_come_by_name_or_in_order_and_for_several_methods(black_box: Recognizer, people: People) -> None:
    masks = noise_masks(people)
    named = dict(zip(people, masks, strict=True))
    one = protection([black_box], people, named)
    pd.testing.assert_frame_equal(protection([black_box], people, masks), one)
    weak = noise_masks(people, eps=0.01)
    both = protection([black_box, black_box], people, {"strong": named, "weak": weak})
    assert list(both["method"]) == ["strong", "weak"] * 2
    pd.testing.assert_frame_equal(both.iloc[[0]].drop(columns="method"), one.drop(columns="method"))
    assert opom_edu.protection is protection


def test_without_a_mask_nothing_changes(black_box: Recognizer, people: People) -> None:
    nothing = [Mask(torch.zeros(3, 112, 112), 0.0)] * len(people)
    row = protection([black_box], people, nothing).iloc[0]
    for rank in (1, 5, 10):
        assert row[f"psr_{rank}"] == row[f"unprotected_{rank}"]
    assert row["similarity"] == pytest.approx(row["similarity_unprotected"])


def test_higher_ranks_protect_less(black_box: Recognizer, people: People) -> None:
    row = protection([black_box], people, noise_masks(people, eps=0.5)).iloc[0]
    assert row["psr_1"] >= row["psr_5"] >= row["psr_10"]


def test_a_recognizer_sees_rounded_images(people: People) -> None:
    def levels_only(images: torch.Tensor) -> torch.Tensor:
        assert (images * 255 - (images * 255).round()).abs().max() < 1e-4
        return images.mean((2, 3))

    protection([Recognizer.from_callable(levels_only, name="strict")], people, noise_masks(people, eps=0.0173))


def test_similarity_leaves_out_the_probes_own_photo(black_box: Recognizer, people: People) -> None:
    gallery = Gallery.of(black_box, people)
    person = people["person 1"]
    embeddings = black_box.embed(quantize(person.test))
    products = embeddings @ embeddings.T
    others = products[~torch.eye(len(products), dtype=torch.bool)]
    assert similarity(gallery.probes())["person 1"] == pytest.approx(float(others.mean()), abs=1e-6)


def test_ties_count_as_found() -> None:
    photo = smooth_noise(1, torch.Generator().manual_seed(0)).repeat(3, 1, 1, 1)
    twins = People([Person("a", photo, photo), Person("b", photo, photo)])
    constant = Recognizer.from_callable(lambda images: torch.ones(len(images), 4), name="constant")
    assert Gallery.of(constant, twins).probes()["a"].success(1) == 0


def test_bad_input_is_named(black_box: Recognizer, people: People) -> None:
    masks = noise_masks(people)
    with pytest.raises(ValueError, match="4 people need as many masks, got 3"):
        protection([black_box], people, masks[:3])
    with pytest.raises(ValueError, match="no mask for person 2"):
        protection([black_box], people, {n: m for n, m in zip(people, masks, strict=True) if n != "person 2"})
    with pytest.raises(ValueError, match="one per person"):
        protection([black_box], people, masks[0])
    with pytest.raises(ValueError, match="recognizer must be a Recognizer, got 'dlib'"):
        protection(["dlib"], people, masks)
    assert len(protection(black_box, people, masks)) == 1  # one alone is fine
    with pytest.raises(ValueError, match="no masks"):
        protection([black_box], people, [])
    with pytest.raises(ValueError, match="rank must be within 1 and the 18 distractors"):
        protection([black_box], people, masks, ranks=(19,))
    for rank in (0, -1, 1.5, True):
        with pytest.raises(ValueError, match="ranks must be whole numbers from 1 on"):
            protection([black_box], people, masks, ranks=(rank,))
    with pytest.raises(ValueError, match="recognizers must be Recognizers, got 'dlib'"):
        protection("dlib", people, masks)
    with pytest.raises(ValueError, match="got tensors; make one with Mask"):
        protection(black_box, people, {n: m.delta for n, m in zip(people, masks, strict=True)})
    with pytest.raises(ValueError, match="its entries are list"):
        protection(black_box, people, [masks, masks])
    alone = make_person("alone", 0)
    with pytest.raises(PeopleError, match="single person"):
        protection([black_box], People([alone]), masks[:1])
    with pytest.raises(PeopleError, match="short has 1 test photos"):
        protection([black_box], People([alone, Person("short", alone.train, alone.test[:1])]), masks[:2])


@pytest.mark.parametrize("own_distractors", [False, True])
def test_the_largest_similarities_are_those_of_the_whole_matrix(
    black_box: Recognizer, own_distractors: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = make_people(3, photos=7)
    if own_distractors:
        people = People(list(people.values()), smooth_noise(20, torch.Generator().manual_seed(9)))
    monkeypatch.setattr("opom_edu.evaluation.gallery.COLUMNS", 4)
    gallery = Gallery.of(black_box, people)
    masks = noise_masks(people)
    for given in (None, masks, dict(zip(people, masks, strict=True))):
        whole = gallery.probes(given)
        for top in (1, 5, 1000):
            found = gallery.probes(given, top=top)
            for name, own in whole.items():
                torch.testing.assert_close(found[name].own, own.own)
                expected = own.distractors.sort(descending=True).values[:, :top]
                torch.testing.assert_close(found[name].distractors, expected)
        some = gallery.probes(given, top=3, among=["person 2"])
        assert list(some) == ["person 2"]
        torch.testing.assert_close(some["person 2"].distractors, gallery.probes(given, top=3)["person 2"].distractors)


def test_distractors_may_come_batch_by_batch(black_box: Recognizer) -> None:
    people, strangers = make_people(2), smooth_noise(20, torch.Generator().manual_seed(9))
    whole = Gallery.of(black_box, People(list(people.values()), strangers))
    streamed = Gallery.of(black_box, people, distractors=iter(strangers.split(6)))
    torch.testing.assert_close(streamed.distractors, whole.distractors)
    alone = People([people["person 0"]])
    assert len(Gallery.of(black_box, alone, distractors=[strangers]).distractors) == 20
    with pytest.raises(PeopleError, match="there were no distractors"):
        Gallery.of(black_box, alone, distractors=[])
