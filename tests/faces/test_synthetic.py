"""Synthetic people: the same from the same seed, different from different ones, and as the conditions say."""

import json
import warnings
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch

from opom_edu.errors import PeopleError, PeopleWarning
from opom_edu.faces import load_people
from opom_edu.faces.synthetic import album, render_people, synthetic_distractors
from opom_edu.faces.synthetic.camera import TEMPLATE, Sitter, decode, take_photo
from opom_edu.faces.synthetic.conditions import Conditions, sample_conditions
from opom_edu.faces.synthetic.hair import STYLES
from opom_edu.faces.synthetic.head import CENTER, head_model
from opom_edu.faces.synthetic.identity import PLAUSIBLE, sample_identity
from opom_edu.faces.synthetic.rasterizer import draw_triangles
from opom_edu.files import sha256


@pytest.fixture(scope="module")
def sitter() -> Sitter:
    return Sitter(sample_identity(1))


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv(album.CACHE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def plain(**changes) -> Conditions:
    return replace(Conditions(), **changes)


# --- who


def test_a_seed_is_a_person():
    one, same, other = (sample_identity(seed) for seed in (5, 5, 29))
    assert one.shape == same.shape
    assert np.array_equal(one.skin_color, same.skin_color)
    assert one.shape != other.shape


@pytest.mark.parametrize("first", [0, 1_000_000_007])
def test_any_24_seeds_hold_every_group_alike(first):
    people = [sample_identity(first + i) for i in range(24)]
    assert set(Counter(p.female for p in people).values()) == {12}
    assert set(Counter(p.skin for p in people).values()) == {8}
    assert set(Counter(min(int((p.age - 15) // 15), 3) for p in people).values()) == {6}
    assert all(18 <= p.age <= 80 for p in people)


def test_no_shape_is_far_from_the_usual():
    """No vertex of the face is moved more than 3.5 cm from its place in the mean of many people."""
    model = head_model()
    face = (model.vertex_part == 0) & (model.rest[:, 2] > 0.9) & (model.rest[:, 1] > 6.2)
    heads = np.stack([Sitter.shape_of(sample_identity(seed))[face] for seed in range(60)])
    assert np.linalg.norm(heads - heads.mean(0), axis=2).max() < 0.35


def test_nobody_has_the_nose_or_mouth_of_a_caricature():
    model = head_model()
    found = [model.proportions(model.shaped(sample_identity(seed).shape)) for seed in range(3000, 3060)]
    for name, (low, high) in PLAUSIBLE.items():
        measures = [who[name] for who in found]
        assert low <= min(measures) < max(measures) <= high
        assert np.ptp(measures) > 0.5 * (high - low)  # and yet they differ


def test_a_negative_seed_is_refused():
    with pytest.raises(ValueError, match="must be 0 or more, got -1"):
        sample_identity(-1)


# --- under what conditions


def test_conditions_stay_in_their_ranges():
    identity = sample_identity(3)
    for seed in range(100):
        c = sample_conditions(identity, np.random.default_rng(seed), regime="mixed")
        assert abs(c.yaw) <= 35
        assert abs(c.pitch) <= 15
        assert abs(c.roll) <= 10
        assert c.hair in identity.hair
        assert all(0 <= strength <= 1 for strength in c.actions.values())


def test_celebrities_change_their_hair_more_often():
    identity = sample_identity(3)

    def usual(regime):
        drawn = (sample_conditions(identity, np.random.default_rng(seed), regime=regime) for seed in range(200))
        return sum(c.hair == identity.hair[0] for c in drawn)

    assert usual("celebrity") < 0.7 * usual("common")


def test_an_unknown_regime_lists_the_choices():
    with pytest.raises(ValueError, match="choose one of common, celebrity, mixed"):
        sample_conditions(sample_identity(0), np.random.default_rng(0), regime="studio")


# --- the photo


def test_the_same_photo_has_the_same_pixels(sitter):
    conditions = sample_conditions(sitter.identity, np.random.default_rng(4))
    first, again = take_photo(sitter, conditions), take_photo(Sitter(sitter.identity), conditions)
    assert np.array_equal(first.pixels, again.pixels)
    assert np.array_equal(decode(first.jpeg), first.pixels)


def test_landmarks_lie_on_the_template(sitter):
    """A similarity cannot fit every face exactly: a few pixels remain; the mean of the five fits."""
    photo = take_photo(sitter, plain())
    assert np.abs(photo.landmarks - 112 * TEMPLATE).max() < 8
    assert np.allclose(photo.landmarks.mean(0), 112 * TEMPLATE.mean(0), atol=1e-6)


def test_a_margin_shows_the_same_crop_smaller(sitter):
    tight, wide = take_photo(sitter, plain()), take_photo(sitter, plain(), size=224, margin=0.5)
    assert wide.pixels.shape == (224, 224, 3)
    assert np.allclose(wide.landmarks - 56, tight.landmarks, atol=1e-6)


def test_a_scene_places_the_face(sitter):
    photo = take_photo(sitter, plain(roll=9.0), size=(120, 200), scene=((1.2, 0.5), 0.2))
    assert photo.pixels.shape == (120, 200, 3)
    assert np.allclose(photo.landmarks.mean(0), (144, 60), atol=1e-6)
    eyes = photo.landmarks[1] - photo.landmarks[0]
    assert eyes[1] < -1  # the head stays tilted: a scene is not aligned


def test_turning_left_and_right_are_mirror_images_of_the_landmarks(sitter):
    left, right = (take_photo(sitter, plain(yaw=angle), size=64, samples=1).landmarks for angle in (-25, 25))
    nose = [marks[2, 0] - marks[:2, 0].mean() for marks in (left, right)]
    assert nose[0] < -1
    assert nose[1] > 1


def test_dark_skin_is_exposed_for():
    """The camera meters the face: between the lightest and the darkest of 12 people a factor below 2.5, of 10 in albedo."""

    def brightness(seed):
        who = sample_identity(seed)
        crop = take_photo(Sitter(who), plain(hair="buzz"), size=64, samples=1).pixels[24:48, 20:44]
        return np.mean((crop / 255.0) ** 2.2)

    values = [brightness(seed) for seed in range(12)]
    assert max(values) / min(values) < 2.5


@pytest.mark.parametrize("style", sorted(STYLES))
def test_hair_grows_outside_the_head(sitter, style):
    """Above the ears every point of a strand lies outside the skin, up to the coarseness of the map it is kept off by."""
    strands, _ = sitter.hair(style, 0)
    points = strands.points.reshape(-1, 3)
    points = points[(points[:, 1] > 7.6) & (points[:, 2] < 0.9)]
    place = sitter.model.sphere(points) * (96 / 512, 48 / 256, 1)
    reach = sitter.radii[place[:, 1].astype(int).clip(0, 47), place[:, 0].astype(int) % 96]
    assert (place[:, 2] > reach - 0.12).mean() > 0.99
    assert np.isfinite(strands.points).all()
    assert np.linalg.norm(points - CENTER, axis=1).max() < 2.5


def test_the_rasterizer_covers_what_lies_inside():
    """One triangle, its area within a pixel's border of the exact one; the nearer of two wins."""
    points = np.array([[3.0, 2, 0], [50, 8, 0], [20, 55, 0], [3, 2, 1], [50, 8, 1], [20, 55, 1]])
    depth, found, weights = np.full((64, 64), -9.0), np.full((64, 64), -1), np.zeros((64, 64, 2))
    draw_triangles(points, np.array([[3, 4, 5], [0, 1, 2]]), np.zeros(2, bool), depth, found, weights)
    exact = 0.5 * abs(47 * 53 - 17 * 6)
    assert abs((found >= 0).sum() - exact) < 80
    assert set(np.unique(found)) == {-1, 0}


# --- many photos


def test_rendered_photos_are_kept_and_the_first_stay_the_same(cache):
    fresh = render_people([7], 2, size=48)
    kept = render_people([7], 2, size=48)
    assert np.array_equal(fresh.images, kept.images)
    assert len(list(cache.glob("*.npz"))) == 1
    assert np.array_equal(render_people([7], 3, size=48).images[:2], fresh.images)
    assert list(fresh.conditions["seed"]) == [7, 7]


def test_lazy_photos_are_the_same_photos(cache):
    eager, lazy = (render_people([7, 8], 2, size=48, lazy=lazy).images for lazy in (False, True))
    assert lazy.shape == eager.shape
    assert lazy.dtype == eager.dtype
    assert np.array_equal(lazy[1:3], eager[1:3])
    assert np.array_equal(lazy[np.array([3, 0])], eager[[3, 0]])


def test_distractors_in_batches_are_those_of_the_people(cache):
    whole = load_people("synthetic", count=2, train=1, test=2, size=48, distractors=5).distractors
    batches = list(synthetic_distractors(5, size=48, batch=2))
    assert [len(batch) for batch in batches] == [2, 2, 1]
    assert torch.equal(torch.cat(batches), whole)


def test_a_cut_off_file_is_rendered_anew(cache):
    fresh = render_people([7], 1, size=48)
    (file,) = cache.glob("*.npz")
    file.write_bytes(file.read_bytes()[:500])
    with pytest.warns(PeopleWarning, match=f"{file.name} is damaged"):
        again = render_people([7], 1, size=48)
    assert np.array_equal(fresh.images, again.images)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        render_people([7], 1, size=48)


def test_an_unwritable_cache_costs_only_the_cache(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv(album.CACHE_VARIABLE, str(tmp_path / "file" / "cache"))
    with pytest.warns(PeopleWarning, match="set OPOM_EDU_CACHE to another folder"):
        assert render_people([7], 1, size=48).images.shape == (1, 48, 48, 3)


def test_people_have_photos_conditions_and_distractors(cache):
    shares = []
    people = load_people("synthetic", count=2, train=1, test=2, size=48, distractors=1, on_progress=shares.append)
    assert [person.name for person in people.values()] == ["Abel", "Ada"]
    assert people.distractors.shape == (1, 3, 48, 48)
    assert people["Ada"].test.dtype == torch.float32
    assert list(people.photos["part"]) == ["train", "test", "test"] * 2
    assert {"person", "yaw", "skin", "expression", "nose_x"} <= set(people.photos.columns)
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"count": 0}, "count must be within 1 and 1000, got 0"),
        ({"train": 0}, "train must be within"),
        ({"test": 1}, "test must be within 2"),
        ({"seed": -1}, "seed must be within 0"),
        ({"size": 8}, "size must be within 32 and 1024 pixels, got 8"),
        ({"margin": 3}, "margin must be within"),
        ({"regime": "x"}, "choose one of common, celebrity, mixed"),
    ],
)
def test_arguments_out_of_range_are_named(wrong, message):
    with pytest.raises(PeopleError, match=message):
        load_people("synthetic", **wrong)


def test_the_demo_set_is_what_its_manifest_says_and_needs_no_rendering(cache, monkeypatch):
    manifest = json.loads((album.DEMO / "manifest.json").read_text())
    assert manifest["renderer"] == album.VERSION
    assert {f.name: sha256(f) for f in album.DEMO.glob("*.npz")} == {n: f["sha256"] for n, f in manifest["files"].items()}
    monkeypatch.setattr(album, "_render", lambda *_: pytest.fail("rendered"))
    people = load_people("synthetic", count=12, train=5, test=10, distractors=100)
    assert (len(people), len(people.distractors), len(people["Ada"].test)) == (12, 100, 10)
