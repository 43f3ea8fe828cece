"""The renderer: the same pixels from the same seed, different ones from others, and as the conditions say."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from synthetic_people.camera import TEMPLATE, Sitter, take_photo
from synthetic_people.conditions import Conditions, sample_conditions
from synthetic_people.hair import STYLES
from synthetic_people.head import CENTER, head_model
from synthetic_people.identity import PLAUSIBLE, sample_identity
from synthetic_people.rasterizer import draw_triangles
from synthetic_people.stored import decode


@pytest.fixture(scope="module")
def sitter() -> Sitter:
    return Sitter(sample_identity(1))


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
