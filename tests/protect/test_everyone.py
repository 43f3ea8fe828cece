"""A folder of anybody's photos: who recurs gets a mask, passers-by are left alone, and a table corrects what went wrong."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from opom_edu import cli
from opom_edu.errors import PeopleError, PeopleWarning
from opom_edu.faces.mtcnn import find_faces
from opom_edu.faces.photos import inverse, read_photo
from opom_edu.protect import Report
from opom_edu.protect.album import by_face
from opom_edu.protect.measures import measure_photos
from opom_edu.protect.photo_report import verdicts
from opom_edu.protect.shots import look_at
from opom_edu.recognizers import Recognizer, load_surrogate
from opom_edu.recognizers.thresholds import threshold_of
from tests.faces.test_finder import pasted
from tests.faces.test_photos import similarity
from tests.protect.albums import THRESHOLD, blobs, find, picture, run

PASSERS = range(50, 54)
pytestmark = pytest.mark.filterwarnings("ignore:.*photos to learn from are few")


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """Ann in four photos, Bob in three, both in one, four passers-by once, one of them beside Ann."""
    folder = tmp_path / "in"
    folder.mkdir()
    ann, bob = blobs(0, 8), blobs(1, 6)
    for i in range(4):
        picture(ann[i]).save(folder / f"a{i}.png")
    for i in range(3):
        picture(None, bob[i]).save(folder / f"b{i}.png")
    picture(bob[3], ann[5]).save(folder / "both.png")
    for seed in PASSERS:
        picture(*([ann[6]] if seed == PASSERS[0] else []), blobs(seed, 2)[0]).save(folder / f"p{seed}.png")
    return folder


def table(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder.parent / "out" / "groups.csv", keep_default_na=False)


def test_who_recurs_gets_a_mask_and_passers_by_are_left_alone(mixed: Path, surrogate: Recognizer) -> None:
    report = run(mixed, surrogate, everyone=True)
    done = report.table[report.table["status"] == "protected"]
    assert set(done.loc[done["person"] == "person 1", "photo"]) == {
        "a0.png",
        "a1.png",
        "a2.png",
        "a3.png",
        "both.png",
        "p50.png",
    }
    assert set(done.loc[done["person"] == "person 2", "photo"]) == {"b0.png", "b1.png", "b2.png", "both.png"}
    assert set(report.table.loc[report.table["status"] == "skipped", "photo"]) == {"p51.png", "p52.png", "p53.png"}
    assert (table(mixed)["person"] == "").sum() == 4
    laid = read_photo(mixed.parent / "out" / "photos" / "in" / "p50.png").pixels
    assert np.array_equal(laid[:, 200:], read_photo(mixed / "p50.png").pixels[:, 200:])
    assert [len(report.sheet[name]) for name in report.sheet] == [6, 4, 4]
    html = (mixed.parent / "out" / "report.html").read_text()
    assert html.index("What holds, and against whom") < html.index("What was done") < html.index("Who was taken together")
    assert html.count('width="56"') == 0
    assert html.count("<img alt=") >= 14


def test_strangers_get_masks_of_their_own_if_asked(
    mixed: Path, surrogate: Recognizer, recwarn: pytest.WarningsRecorder
) -> None:
    report = run(mixed, surrogate, everyone=True, strangers=True)
    assert not report.skipped
    assert {name for name in report.table["person"] if name.startswith("stranger")} == {f"stranger {i}" for i in range(1, 5)}
    assert not [warning for warning in recwarn.list if "few" in str(warning.message)]


def test_least_says_who_recurs(mixed: Path, surrogate: Recognizer) -> None:
    report = run(mixed, surrogate, everyone=True, least=5)
    assert set(report.table.loc[report.table["status"] == "protected", "person"]) == {"person 1"}
    with pytest.raises(PeopleError, match="--everyone --least 1"):
        run(mixed, surrogate, everyone=True, least=50)
    with pytest.raises(ValueError, match="least must be at least 1"):
        run(mixed, surrogate, everyone=True, least=0)


def test_without_the_option_a_folder_says_who_recurs_besides(mixed: Path, surrogate: Recognizer) -> None:
    with pytest.warns(PeopleWarning, match=r"1 other person recurs \(in 4 photos\).*--everyone"):
        report = run(mixed, surrogate)
    assert set(report.table.loc[report.table["status"] == "protected", "person"]) == {"in"}


def test_a_corrected_table_decides_and_is_kept(mixed: Path, surrogate: Recognizer) -> None:
    run(mixed, surrogate, everyone=True)
    rows = table(mixed)
    rows.loc[rows["person"] == "person 1", "person"] = "Änne"
    rows.loc[rows["photo"] == "a3.png", "person"] = ""  # leave this one alone
    rows.loc[rows["photo"] == "p51.png", "person"] = "=1+2"
    rows = rows[~rows["photo"].isin(["b1.png", "a1.png"])]  # missing rows are grouped anew
    rows.loc[len(rows)] = ["gone.png", 1, "Bob", 0, 0]
    rows.to_csv(mixed.parent / "out" / "groups.csv", index=False, sep=";", encoding="utf-8-sig")
    with pytest.warns(PeopleWarning, match="names 1 that is not there, such as face 1 of gone.png"):
        report = run(mixed, surrogate, everyone=True)
    done = report.table[report.table["status"] == "protected"]
    assert set(done.loc[done["person"] == "Änne", "photo"]) == {"a0.png", "a1.png", "a2.png", "both.png", "p50.png"}
    assert set(done.loc[done["person"] == "person 2", "photo"]) == {"b0.png", "b1.png", "b2.png", "both.png"}
    assert set(done["person"]) == {"Änne", "person 2", "=1+2"}
    text = (mixed.parent / "out" / "groups.csv").read_text()
    assert "'=1+2" in text
    assert not re.search(r"(^|,)=", (mixed.parent / "out" / "report.csv").read_text(), re.MULTILINE)
    again = run(mixed, surrogate, everyone=True)  # what was corrected once stays so
    assert again.table["person"].tolist() == report.table["person"].tolist()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("photo,person\na0.png,Ann\n", "needs the columns photo, face, person"),
        ("", "needs the columns"),
        ("photo,face,person\na0.png,one,Ann\n", "line 2: the face must be a whole number"),
        ("photo,face,person\na0.png,1,../Ann\n", "line 2: '../Ann' cannot be the name of a file"),
        ("photo,face,person\na0.png,1,Ann\na0.png,1,Bob\n", "line 3: face 1 of a0.png has two names"),
        ("photo,face,person\na0.png,1," + "x" * 300 + "\n", "cannot be the name"),
    ],
)
def test_a_table_that_is_wrong_is_said_and_kept(mixed: Path, surrogate: Recognizer, content: str, says: str) -> None:
    (mixed.parent / "out").mkdir()
    (file := mixed.parent / "out" / "groups.csv").write_text(content)
    with pytest.raises(PeopleError, match=re.escape(says)):
        run(mixed, surrogate, everyone=True)
    assert file.read_text() == content


def test_one_photo_no_face_and_a_crowd_of_passers_by(tmp_path: Path, surrogate: Recognizer) -> None:
    (one := tmp_path / "one" / "in").mkdir(parents=True)
    picture(blobs(0)[0]).save(one / "a.png")
    with pytest.raises(PeopleError, match="there is no photo to learn from: 1 face, nobody who gets a mask"):
        run(one, surrogate, everyone=True)
    assert not run(one, surrogate, everyone=True, strangers=True).skipped
    (empty := tmp_path / "none" / "in").mkdir(parents=True)
    picture().save(empty / "a.png")
    with pytest.raises(PeopleError, match="no photo to learn from: no face was found"):
        run(empty, surrogate, everyone=True)
    (crowd := tmp_path / "crowd" / "in").mkdir(parents=True)
    for seed in range(100, 160):
        picture(blobs(seed, 2)[0], blobs(seed + 1000, 2)[0]).save(crowd / f"{seed}.png")
    with pytest.raises(PeopleError, match="2 faces, nobody who gets a mask"):
        run(crowd, surrogate, everyone=True, threshold=0.9)


def test_a_single_face_in_ones_own_folder_is_ones_own(folder: Path, surrogate: Recognizer) -> None:
    picture(blobs(77)[1]).save(folder / "ann" / "odd light.png")
    picture(blobs(1)[3]).save(folder / "ann" / "bob alone.png")
    rows = run(folder, surrogate).table.set_index("photo")
    assert rows.loc["odd light.png", "person"] == "ann"
    assert re.search(r"0\.\d\d like ann, taken for theirs as the only face", rows.loc["odd light.png", "note"])
    assert rows.loc["bob alone.png", "person"] == "bob"  # who has a folder of his own


def test_links_and_searches_are_told_for_each_recognizer(folder: Path, surrogate: Recognizer, black_box: Recognizer) -> None:
    report = run(folder, surrogate, recognizers=[black_box], crowd=blobs(9))
    lines = report.people.set_index(["person", "recognizer"])
    assert set(lines.index) == {(name, who) for name in ("ann", "bob") for who in ("coarse", "box")}
    white = lines.loc["ann", "coarse"]
    assert white["photos"] == white["protected"] == white["matchable"] == 7
    assert white["first_before"] == white["first_noise"] == 7
    assert white["first_after"] <= 7
    own = report.table[report.table["person"] == "ann"]
    for column in ("first_before", "first_after", "linked_before", "linked_noise", "linked_after"):
        assert own[f"coarse_{column}"].sum() == white[column]
    told = verdicts(report)[0]
    assert told["copies"] == "7 of 7 photos have a protected copy."
    assert told["sentences"][0].startswith(
        f"Does not hold on coarse (white box): {white['first_after']:.0f} of 7 still found first"
    )
    assert "dispersal" not in " ".join(told["sentences"])


def test_dispersed_masks_have_the_plain_ones_beside(folder: Path, surrogate: Recognizer) -> None:
    from opom_edu import OPOM
    from opom_edu.protect import protect_folder

    method = OPOM(surrogate, steps=7, dispersal=1.0)
    report = protect_folder(folder, folder.parent / "out", method=method, learn=5, threshold=THRESHOLD, find=find)
    assert {"first_plain", "linked_plain"} <= set(report.people)
    assert {"plain", "after"} <= set(report.recognizers)
    files = sorted(file.name for file in (folder.parent / "out" / "masks").rglob("*.safetensors"))
    assert files == ["ann.safetensors", "ann.safetensors", "bob.safetensors", "bob.safetensors"]
    assert "plain mask" in verdicts(report)[0]["sentences"][0]


def test_faces_that_nobody_could_match_are_told_apart(
    folder: Path, monkeypatch: pytest.MonkeyPatch, surrogate: Recognizer
) -> None:
    monkeypatch.setitem(measure_photos.__globals__["THRESHOLDS"], "coarse", (THRESHOLD, "a test"))
    picture(blobs(77)[1]).save(folder / "ann" / "odd light.png")
    report = run(folder, surrogate)
    rows = report.table.set_index("photo")
    assert rows.loc["odd light.png", "matchable"] == 0
    assert rows.drop("odd light.png")["matchable"].all()
    told = next(verdict for verdict in verdicts(report) if verdict["name"] == "ann")
    assert told["copies"] == "8 of 8 photos have a protected copy."
    assert "of 7 still found first" in told["sentences"][0]
    assert told["sentences"][-1] == "1 more is like no other photo even without a mask (small, blurred, turned away)."


def test_a_search_counts_the_best_own_photo_against_the_best_stranger() -> None:
    """By hand: two photos of one person, one of another, one stranger."""
    from opom_edu.protect.measures import _Measured

    vectors = {"before": [[1.0, 0], [0.8, 0.6], [0, 1.0]], "after": [[0.6, 0.8], [0.28, 0.96], [-1.0, 0]]}
    answer = torch.tensor([*vectors["before"], *vectors["after"], [-0.8, 0.6]])
    lookup = Recognizer.from_callable(lambda images: answer, name="by hand")
    frame = pd.DataFrame({"person": ["ann", "ann", "bob"], "learned": False})
    pictures = {stage: torch.zeros(3, 3, 112, 112) for stage in vectors}
    measured = _Measured(lookup, frame, pictures, torch.zeros(1, 3, 112, 112))
    measured.fill_in("black box")
    assert frame["by hand_first_before"].tolist()[:2] == [1, 1]  # 0.8 to each other; bob is 0 and 0.6 away
    assert frame["by hand_first_after"].tolist()[:2] == [1, 0]  # 0.96 against bob's 0.8; 0.28 against 0.96
    assert frame["by hand_linked_after"].tolist()[:2] == [1, 0]  # 0.936 to each other, bob 0.8 and 0.96
    assert np.isnan(frame["by hand_first_after"][2])
    assert Report(frame.assign(status="protected"), pd.DataFrame()).skipped == 0


def test_the_command_takes_everyone(
    mixed: Path, surrogate: Recognizer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("opom_edu.recognizers.zoo.load_recognizer", lambda name, **_: surrogate)
    monkeypatch.setattr("opom_edu.protect.photos.finder_of", lambda name: (find, None))
    options = ["--surrogate", "coarse", "--targets", "none", "--threshold", THRESHOLD, "--steps", 7, "--everyone"]
    result = CliRunner().invoke(cli.app, ["protect", str(mixed), "--out", str(tmp_path / "out"), *map(str, options)])
    assert result.exit_code == 1  # three photos of passers-by have no copy
    told = " ".join(result.output.split())
    assert "person 1: 6 of 6 photos have a protected copy." in told
    assert "A recognizer that is not in this list was not asked." in told


@pytest.mark.slow
def test_real_people_in_a_mixed_folder_are_taken_together(
    real: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Six people in 12 photos each, two of them together in 10 more, 10 photos of passers-by."""
    monkeypatch.setenv("OPOM_EDU_WEIGHTS", str(real / "models"))
    pytest.importorskip("dlib", reason="the extra 'dlib' is not installed")
    places = sorted((real / "faces").iterdir())
    faces = [[np.asarray(Image.open(file).convert("RGB")) for file in sorted(place.glob("*.png"))] for place in places]
    groups = [[(person, i)] for person in range(6) for i in range(12)]
    groups += [[(0, 12 + i), (1, 12 + i)] for i in range(10)] + [[(6 + i % 6, i)] for i in range(10)]
    generator = np.random.default_rng(0)
    for number, shown in enumerate(groups):
        parts = [
            pasted(faces[person][i], similarity(generator.uniform(200, 300), generator.uniform(-15, 15), (250, 250)), 500)
            for person, i in shown
        ]
        Image.fromarray(np.hstack(parts)).save(tmp_path / f"{number:03}.png")
    surrogate, _ = load_surrogate(["dlib-torch", "mobilefacenet"])
    shots, rows = look_at(tmp_path, surrogate, lambda pixels, _: find_faces(pixels), lambda *_: None)
    assert not rows
    named = by_face(shots, tmp_path, threshold_of(surrogate))
    who: dict[str, list[int]] = {}
    for shot, shown in zip(named, groups, strict=True):
        order = np.argsort([float(inverse(matrix)[0] @ (56, 56, 1)) for matrix in shot.faces.matrices])
        for place, (person, _) in zip(order, shown, strict=True):
            if name := shot.names[place]:
                who.setdefault(name, []).append(person)
    wrong = sum(len(own) - max(map(own.count, own)) for own in who.values())
    assert wrong <= 0.02 * sum(map(len, who.values()))
    assert {max(own, key=own.count) for own in who.values()} == set(range(6))
    assert sum(len(own) for own in who.values()) >= 88  # of 92
