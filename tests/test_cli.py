"""The commands as a person types them."""

import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner, Result

from opom_edu import cli, masks
from opom_edu.errors import MissingExtraError, WeightsError
from opom_edu.faces import People
from opom_edu.recognizers import Recognizer, zoo
from tests.conftest import make_people, small_network, smooth_noise

LOAD = zoo.load_recognizer  # the real one, which a fixture replaces


@pytest.fixture(autouse=True)
def recognizers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small networks under the names of the real ones."""
    made = {
        "mobilefacenet": Recognizer.from_module(small_network(), name="mobilefacenet"),
        "dlib": Recognizer.from_module(small_network(seed=1), name="dlib"),
        "dlib-torch": Recognizer.from_module(small_network(seed=1), name="dlib-torch"),
    }

    def load(name: str, **_options: object) -> Recognizer:
        if name in zoo.RECIPES:
            raise WeightsError(f"{name} has not been trained")
        if name not in made:
            raise ValueError(f"unknown recognizer {name!r}; choose one of {', '.join(zoo.list_recognizers())}")
        return made[name]

    monkeypatch.setattr("opom_edu.recognizers.load_recognizer", load)
    monkeypatch.setattr("opom_edu.recognizers.zoo.load_recognizer", load)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, person in make_people(3, photos=16, train=10).items():
        (tmp_path / "faces" / name).mkdir(parents=True)
        for part in ("train", "test"):
            for i, image in enumerate(getattr(person, part)):
                pixels = (image.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
                Image.fromarray(pixels).save(tmp_path / "faces" / name / f"{part == 'test':d}{i:02}.png")
    return tmp_path / "faces"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])


def words(result: Result) -> str:
    """The output without colors, frame and line breaks."""
    return " ".join(re.sub(r"\x1b\[[0-9;]*m", "", result.output).replace("│", " ").split())


def test_demo_prints_the_table_and_writes_the_report(folder: Path, tmp_path: Path) -> None:
    result = run("demo", "--people", f"folder:{folder}", "--steps", 2, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    for word in ("without", "random", "FI-UAP+", "convex", "mobilefacenet (white box)", "dlib", "PSNR", "SSIM"):
        assert word in result.output
    table = pd.read_csv(tmp_path / "out" / "rates.csv")
    assert len(table) == 6 * 2
    assert (tmp_path / "out" / "report.html").stat().st_size > 10_000


def test_several_surrogates_are_one_ensemble_and_each_is_measured(folder: Path, tmp_path: Path) -> None:
    options = ("--people", f"folder:{folder}", "--steps", 1, "--methods", "center", "--out", tmp_path)
    result = run("demo", *options, "--surrogate", "mobilefacenet,dlib", "--targets", "none")
    assert result.exit_code == 0, result.output
    table = pd.read_csv(tmp_path / "rates.csv")
    assert table["recognizer"].tolist() == ["mobilefacenet+dlib", "mobilefacenet", "dlib"]
    assert table["white_box"].all()


def test_demo_without_arguments_takes_synthetic_people_and_the_zoo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def load(name: str, **_options: object) -> Recognizer:
        asked.append(name)
        return Recognizer.from_module(small_network(seed=len(asked)), name=name)

    def people(source: str, **options: object) -> object:
        asked.append((source, options["train"], options["seed"], options.get("distractors")))
        return make_people(3, photos=8)

    monkeypatch.setattr("opom_edu.recognizers.load_recognizer", load)
    monkeypatch.setattr("opom_edu.recognizers.zoo.load_recognizer", load)
    monkeypatch.setattr("opom_edu.faces.load_people", people)
    result = run("demo", "--methods", "random", "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert asked == ["ir-softmax", *zoo.BLACK_BOXES, ("synthetic", 10, 0, None)]
    assert run("demo", "--methods", "random", "--distractors", 7, "--out", tmp_path).exit_code == 0
    assert asked[-1] == ("synthetic", 10, 0, 7)


def test_whose_photos_a_method_learns_from_are_not_in_the_gallery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    strangers = smooth_noise(10, torch.Generator().manual_seed(3))
    learned_from: list[torch.Tensor] = []
    make = masks.make_method

    def spy(name: str, surrogate: Recognizer, *, others: torch.Tensor, **options: Any) -> object:
        learned_from.append(others)
        return make(name, surrogate, others=others, **options)

    everybody = People(list(make_people(3, photos=8).values()), strangers)
    monkeypatch.setattr("opom_edu.faces.load_people", lambda *_, **__: everybody)
    monkeypatch.setattr("opom_edu.masks.make_method", spy)
    options = ("--methods", "tip-im", "--surrogate", "mobilefacenet", "--targets", "dlib", "--steps", 2)
    assert run("demo", *options, "--out", tmp_path).exit_code == 0
    assert torch.equal(learned_from[0], strangers[:5])
    html = (tmp_path / "report.html").read_text()
    assert "(5 photos of others)" in html
    assert "5 distractors are not in the gallery" in html


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--eps", "8", "8/255"),
        ("--eps", "-0.1", "within 0 and 1"),
        ("--eps", "a lot", "not a number"),
        ("--eps", "1/0", "not a number"),
        ("--methods", "magic", "choose one of random, gd-uap"),
        ("--surrogate", "facenet", "choose one of ir-softmax, "),
        ("--targets", "facenet", "choose one of ir-softmax, "),
        ("--people", "folder:nowhere", "nowhere is not a folder"),
        ("--people", "strangers", "choose synthetic, folder:PATH, lfw"),
        ("--train", "40", "nobody with the 42 usable images"),
        ("--steps", "0", "steps must be a whole number of at least 1"),
        ("--distractors", "3", "go with --people synthetic alone"),
        ("--targets", "mobilefacenet", "is the surrogate and is evaluated anyway"),
        ("--seed", "-1", "--seed"),
    ],
)
def test_bad_options_are_named_and_nothing_is_written(
    folder: Path, tmp_path: Path, option: str, value: str, says: str
) -> None:
    options = {"--people": f"folder:{folder}", "--out": str(tmp_path / "out")} | {option: value}
    result = run("demo", *(word for pair in options.items() for word in pair))
    assert result.exit_code == 2
    assert says in words(result)
    assert not (tmp_path / "out").exists()


def test_eps_zero_changes_nothing(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = run("demo", "--people", f"folder:{folder}", "--eps", 0, "--methods", "convex", "--steps", 1, "--out", out)
    assert result.exit_code == 0, result.output
    table = pd.read_csv(out / "rates.csv")
    assert (table["psr_1"] == table["unprotected_1"]).all()


def test_an_interrupted_demo_writes_nothing(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_args: object, **_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("opom_edu.experiments.compare", interrupt)
    result = run("demo", "--people", f"folder:{folder}", "--out", tmp_path / "out")
    assert result.exit_code == 130
    assert "no unfinished file" in words(result)
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_to_is_named_before_the_work(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    result = run("demo", "--people", f"folder:{folder}", "--out", tmp_path / "file" / "deep")
    assert result.exit_code == 2
    assert "is a file; name another folder" in words(result)


def test_few_people_are_measured_at_the_ranks_there_are_distractors_for(folder: Path, tmp_path: Path) -> None:
    options = ("--people", f"folder:{folder}", "--train", 14, "--methods", "random", "--out", tmp_path / "out")
    assert run("demo", *options).exit_code == 0
    table = pd.read_csv(tmp_path / "out" / "rates.csv")
    assert "psr_1" in table
    assert "psr_5" not in table
    assert "rank 1</th><th>TAR" in (tmp_path / "out" / "report.html").read_text()


def test_no_black_box_at_all(folder: Path, tmp_path: Path) -> None:
    options = ("--people", f"folder:{folder}", "--methods", "random,random", "--targets", "none", "--out", tmp_path / "out")
    assert run("demo", *options).exit_code == 0
    assert len(pd.read_csv(tmp_path / "out" / "rates.csv")) == 1


def test_skipped_photos_are_told(folder: Path, tmp_path: Path) -> None:
    (folder / "person 0" / "zz.png").write_text("not an image")
    options = ("--methods", "random", "--out", tmp_path / "out")
    result = run("demo", "--people", f"folder:{folder}", *options)
    assert result.exit_code == 0, result.output
    assert "person 0/zz.png: skipped" in words(result)


def test_a_black_box_that_cannot_be_loaded_is_left_out(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from opom_edu import recognizers

    load = recognizers.load_recognizer

    def without_dlib(name: str, **options: object) -> Recognizer:
        if name == "dlib":
            raise MissingExtraError("dlib", "dlib")
        return load(name, **options)

    monkeypatch.setattr("opom_edu.recognizers.load_recognizer", without_dlib)
    monkeypatch.setattr("opom_edu.recognizers.zoo.load_recognizer", without_dlib)
    options = ("--people", f"folder:{folder}", "--methods", "random", "--out", tmp_path / "out")
    result = run("demo", *options)
    assert result.exit_code == 0, result.output
    assert "dlib is left out" in words(result)
    assert run("demo", *options, "--targets", "dlib").exit_code == 2


def test_doctor_says_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(cli.doctor.EXTRAS, "imagined", ("no-such-package",))
    result = run("doctor")
    assert result.exit_code == 0, result.output
    assert "missing no-such-package; pip install 'opom_edu[imagined]'" in words(result)
    assert "recognizer dlib" in words(result)
    assert "LIKE=PATH; LIKE is one of sface 112x112 pixels" in words(result)


def test_train_writes_weights_that_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from opom_edu.faces import synthetic
    from opom_edu.recognizers import recipes

    def render_people(seeds: range, photos: int, **_options: object) -> object:
        generator = np.random.default_rng(seeds[0])
        images = generator.integers(0, 255, (len(seeds) * photos, 112, 112, 3), np.uint8)
        labels = np.repeat(np.arange(len(seeds)), photos)
        return SimpleNamespace(images=images, labels=labels, conditions=pd.DataFrame({"skin": ["light"] * len(labels)}))

    monkeypatch.setattr(synthetic, "render_people", render_people, raising=False)
    monkeypatch.setattr(cli.training, "TESTED", (3, 2))
    small = {"blocks": (1,), "width": 8, "dim": 16, "stem_stride": 4}
    for name in ("ir-softmax", "ir-sface"):
        monkeypatch.setitem(recipes.RECIPES, name, replace(recipes.RECIPES[name], network=small))
        result = run("train", name, "--quick", "--people", 3, "--photos", 2, "--epochs", 1, "--out", tmp_path / "w")
        assert result.exit_code == 0, result.output
        assert re.search(f"{name}: AUC .* on unseen synthetic people", words(result))
    monkeypatch.setenv(zoo.WEIGHTS_VARIABLE, str(tmp_path / "w"))
    first, second = LOAD("ir-softmax"), LOAD("ir-sface")
    assert second.differentiable
    assert list(second.thresholds) == [1e-2]  # 4,950 pairs are too few for 1e-3
    sides = [set(range(*zoo.load_card(one.name)["data"]["seeds"])) for one in (first, second)]
    assert not set.intersection(*sides)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "or write --all"),
        (("ir-softmax", "--all"), "or write --all"),
        (("dlib",), "'dlib' cannot be trained; choose one"),
    ],
)
def test_train_says_what_it_can_train(arguments: tuple[str, ...], message: str) -> None:
    result = run("train", *arguments)
    assert result.exit_code == 2
    assert message in words(result)


def test_a_sweep_that_cannot_run_says_why_in_one_line(tmp_path: Path) -> None:
    grid = tmp_path / "grid.toml"
    for text, message in (
        ("methods = ['banana']", "unknown 'banana'; choose among random"),
        ("method = ['random']", "unknown key method; choose among methods"),
        ("methods = []", "methods is empty"),
        ("methods = ['random']\nsurrogates = ['ir-softmax']", "ir-softmax has not been trained"),
        ("methods = ['random']\npeople = ['folder:nowhere']\nsurrogates = ['mobilefacenet']", "nowhere is not a folder"),
    ):
        grid.write_text(text)
        result = run("sweep", grid, "--out", tmp_path / "out")
        assert result.exit_code == 2
        assert message in words(result)
    (tmp_path / "file").touch()
    assert "is a file; name another folder" in words(run("sweep", grid, "--out", tmp_path / "file"))
    assert not (tmp_path / "out").exists()


def test_reproduce_writes_the_table_and_goes_on_where_it_was(folder: Path, tmp_path: Path) -> None:
    options = ("--quick", "--people", f"folder:{folder}", "--methods", "random,fi-uap", "--out", tmp_path / "out")
    result = run("reproduce", *options)
    assert result.exit_code == 0, result.output
    assert "random noise < FI-UAP" in words(result)
    assert "| folder | mobilefacenet | unprotected |" in (tmp_path / "out" / "table.md").read_text()
    assert len(pd.read_csv(tmp_path / "out" / "rates.csv")) == 2 * 2
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "out" / "records").iterdir()}
    assert len(kept) == 2
    assert run("reproduce", *options).exit_code == 0
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out" / "records").iterdir()} == kept


def test_reproduce_names_an_unknown_method_before_long_work(folder: Path, tmp_path: Path) -> None:
    result = run("reproduce", "--people", f"folder:{folder}", "--methods", "random,magic", "--out", tmp_path)
    assert result.exit_code == 2
    assert "unknown method 'magic'" in words(result)
    assert not (tmp_path / "records").exists()


def test_the_package_runs_as_a_module() -> None:
    done = subprocess.run([sys.executable, "-m", "opom_edu", "--help"], capture_output=True, text=True, check=True)
    assert "protect-video" in done.stdout


@pytest.mark.parametrize("coding", ["latin-1", "ascii", "cp1252"])
def test_a_console_that_cannot_show_a_path_is_no_failure(folder: Path, tmp_path: Path, coding: str) -> None:
    options = ["--train", "4", "--targets", "none", "--steps", "1", "--methods", "random", "--surrogate", "ir-softmax"]
    command = [
        sys.executable,
        "-m",
        "opom_edu",
        "demo",
        "--people",
        f"folder:{folder}",
        *options,
        "--out",
        str(tmp_path / "Łódź"),
    ]
    done = subprocess.run(command, capture_output=True, env={**os.environ, "PYTHONIOENCODING": coding}, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-500:]
    assert (tmp_path / "Łódź" / "report.html").exists()


@pytest.mark.parametrize("name", [b"J\xfcrgen", b"\xff\xfe", b"a\x80b"])
def test_a_name_that_is_no_text_is_shown_with_a_replacement(folder: Path, tmp_path: Path, name: bytes) -> None:
    (folder / "person 0").rename(os.fsdecode(os.fsencode(folder) + b"/" + name))
    options = ("--train", 4, "--targets", "none", "--steps", 1, "--methods", "random", "--surrogate", "mobilefacenet")
    result = run("demo", "--people", f"folder:{folder}", *options, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "\ufffd" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
