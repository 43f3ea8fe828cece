"""Synthetic people as a source: read from the demo set or the cache, or rendered once."""

import json
import warnings

import numpy as np
import pytest
import torch
from synthetic_people.stored import DEMO, VERSION

from opom_edu.errors import MissingExtraError, OpomWarning, PeopleError
from opom_edu.faces import load_people, synthetic
from opom_edu.faces.synthetic import render_people, synthetic_distractors
from opom_edu.files import CACHE_VARIABLE, sha256


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


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
    with pytest.warns(OpomWarning, match=f"{file.name} is damaged"):
        again = render_people([7], 1, size=48)
    assert np.array_equal(fresh.images, again.images)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        render_people([7], 1, size=48)


def test_an_unwritable_cache_costs_only_the_cache(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "file" / "cache"))
    with pytest.warns(OpomWarning, match="set OPOM_EDU_CACHE to another folder"):
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
    manifest = json.loads((DEMO / "manifest.json").read_text())
    assert manifest["renderer"] == VERSION
    assert {f.name: sha256(f) for f in DEMO.glob("*.npz")} == {n: f["sha256"] for n, f in manifest["files"].items()}
    monkeypatch.setattr(synthetic, "_render", lambda *_: pytest.fail("rendered"))
    people = load_people("synthetic", count=12, train=5, test=10, distractors=100)
    assert (len(people), len(people.distractors), len(people["Ada"].test)) == (12, 100, 10)


def test_without_numba_the_demo_set_is_there_and_others_are_an_error_that_names_the_extra(cache, monkeypatch):
    monkeypatch.setattr(synthetic, "find_spec", lambda name: None)
    assert len(load_people("synthetic", count=2, distractors=8)) == 2
    with pytest.raises(MissingExtraError, match=r"pip install 'opom_edu\[render\]'"):
        load_people("synthetic", count=2, seed=7)


def test_rendering_shows_a_bar_of_its_own(cache, capsys):
    render_people([7], 1, size=48, jobs=1)
    assert "rendering synthetic people" in capsys.readouterr().err
    render_people([7], 1, size=48, jobs=1)
    assert not capsys.readouterr().err
