"""The renderer: the same pixels from the same seed, different ones from others, and as the conditions say."""

from collections import Counter
from dataclasses import replace

import cv2
import numpy as np
import pytest
from synthetic_people.camera import TEMPLATE, Sitter, take_photo
from synthetic_people.conditions import Conditions, sample_conditions
from synthetic_people.hair import STYLES
from synthetic_people.head import CENTER, head_model
from synthetic_people.identity import MEN, WOMEN, sample_identity
from synthetic_people.materials import picture
from synthetic_people.rasterizer import draw_cards, draw_triangles
from synthetic_people.shape import PLAUSIBLE
from synthetic_people.skin import beard_zone, canvas, paint_skin
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
    assert np.array_equal(one.tone, same.tone)
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


def test_texels_tell_where_in_the_texture_a_pixel_lies(sitter):
    """The nose tip's pixel shows the nose tip's texel; hair hides skin; the background has no texel."""
    model = sitter.model
    photo = take_photo(sitter, plain(hair="bald"), size=224, margin=0.3, texels=True)
    assert photo.texels.shape == (224, 224, 3)
    column, row = photo.landmarks[2].astype(int)
    triangle, corner = np.argwhere(model.opaque == model.nose_tip)[0]
    assert np.allclose(photo.texels[row, column, :2], model.uv[triangle, corner], atol=0.004)
    assert photo.texels[row, column, 2] > 0.99
    share = photo.texels[..., 2]
    assert 0 <= share.min() <= share.max() <= 1
    assert np.isnan(photo.texels[2, 2, 0])
    assert share[2, 2] == 0
    hidden = take_photo(sitter, plain(hair="bangs"), size=224, margin=0.3, texels=True).texels[..., 2]
    assert hidden.sum() < 0.8 * share.sum()
    assert take_photo(sitter, plain(), size=32).texels is None


# --- looks


def test_every_style_that_people_wear_is_known_and_no_woman_is_bald():
    assert set(WOMEN) | set(MEN) == set(STYLES)
    assert "bald" not in WOMEN


def test_most_men_are_shaved_or_have_stubble():
    beards = Counter(sample_identity(seed).beard for seed in range(0, 400, 2))
    assert beards["none"] + beards["stubble"] > 0.6 * beards.total()
    assert {sample_identity(seed).beard for seed in range(1, 100, 2)} == {"none"}


def test_skins_exist_and_fit_sex_and_age():
    for seed in range(72):
        who = sample_identity(seed)
        assert sum(share for _, share in who.textures) == pytest.approx(1)
        for name, _ in who.textures:
            assert picture(f"skin/{name}").ndim == 3
            assert (f"_{'female' if who.female else 'male'}") in name
    assert not any(name.startswith("old") for name, _ in sample_identity(0).textures)  # 18 to 30 years


@pytest.mark.parametrize("seed", [0, 3, 5])
def test_the_painted_face_has_the_persons_tone(seed):
    who = replace(sample_identity(seed), beard="none")
    at = canvas()
    face = (at.z > 0.8) & (at.y > 7.0) & (at.y < 7.7) & (abs(at.x) < 0.5)
    lab = cv2.cvtColor(paint_skin(who)[..., :3], cv2.COLOR_LRGB2LAB)[face]
    assert np.abs(np.median(lab, axis=0) - who.tone).max() < 6
    lighter = replace(who, tone=who.tone + np.array([10, 0, 0]))
    brighter = cv2.cvtColor(paint_skin(lighter)[..., :3], cv2.COLOR_LRGB2LAB)[face]
    assert np.median(brighter[:, 0] - lab[:, 0]) == pytest.approx(10, abs=1)


def test_a_beard_fades_at_its_edge():
    zone = beard_zone("full")
    assert zone.max() > 0.85
    assert max(np.abs(np.diff(zone, axis=axis)).max() for axis in (0, 1)) < 0.15


def test_lids_of_all_people_are_open_alike():
    model = head_model()
    upper, lower = model.lid_edges
    for seed in range(12):
        rest = Sitter(sample_identity(seed)).posed({})
        assert 0.085 < rest[upper, 1] - rest[lower, 1] < 0.15


@pytest.mark.parametrize("style", sorted(name for name, style in STYLES.items() if style.parts))
def test_hair_lies_outside_the_head(sitter, style):
    """Over the forehead hair is no deeper below the skin than it may be to be drawn."""
    head = sitter.vertices[sitter.model.vertex_part == 0] - CENTER
    far = np.linalg.norm(head, axis=1)
    for hair in sitter.look(style).hair:
        points = hair.points[(hair.points[:, 1] > 7.7) & (hair.kept > 0.5)] - CENTER
        reach = np.linalg.norm(points, axis=1)
        nearest = (points / reach[:, None] @ (head / far[:, None]).T).argmax(1)
        assert (reach > far[nearest] - 0.1).mean() > 0.93
        assert reach.max() < 2.5


def test_cards_blend_where_their_texture_covers():
    """A card whose left half is opaque hides skin there only, and nothing behind a surface."""
    points = np.array([[0.0, 0, 0], [32, 0, 0], [0, 32, 0], [32, 32, 0]])
    triangles, uv = (
        np.array([[0, 1, 2], [1, 3, 2]]),
        np.array([[[0, 0], [1, 0], [0, 1]], [[1, 0], [1, 1], [0, 1]]], np.float32),
    )
    texture = np.ones((16, 16, 2), np.float32)
    texture[:, 8:, 1] = 0
    for depth, skin in ((-9.0, 0.0), (9.0, 1.0)):
        image = np.ones((32, 32, 4), np.float32)
        draw_cards(
            points, triangles, np.arange(2), uv, texture, np.ones(4), np.full((4, 3), 0.25), np.zeros((4, 3)), 0.0,
            1.0, 1.0, 0.0, True, image, np.full((32, 32), depth),
        )  # fmt: skip
        assert np.allclose(image[:, :14, 3], skin)
        assert np.allclose(image[:, 18:, 3], 1)
        assert np.allclose(image[:, :14, :3], 0.25 if skin == 0 else 1)


def test_the_rasterizer_covers_what_lies_inside():
    """One triangle, its area within a pixel's border of the exact one; the nearer of two wins."""
    points = np.array([[3.0, 2, 0], [50, 8, 0], [20, 55, 0], [3, 2, 1], [50, 8, 1], [20, 55, 1]])
    depth, found, weights = np.full((64, 64), -9.0), np.full((64, 64), -1), np.zeros((64, 64, 2))
    draw_triangles(points, np.array([[3, 4, 5], [0, 1, 2]]), np.zeros(2, bool), depth, found, weights)
    exact = 0.5 * abs(47 * 53 - 17 * 6)
    assert abs((found >= 0).sum() - exact) < 80
    assert set(np.unique(found)) == {-1, 0}
