"""Four teams, one of them hostile: everybody else is judged, and the reasons are told."""

import io
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from opom_edu import OPOM, load_people, load_recognizer
from opom_edu.assignments import tournament
from opom_edu.assignments.tournament import NAMES, judge, open_tournament
from opom_edu.errors import OpomError
from opom_edu.masks import Mask
from opom_edu.web.networks import embedding

pytestmark = pytest.mark.slow
PHOTOS = ["n", 3, 112, 112]


def save(file: Path, nodes: list[onnx.NodeProto], constants: list[onnx.TensorProto], output: list[object]) -> None:
    """An ONNX model from ``x`` to ``y``."""
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in (("x", PHOTOS), ("y", output))]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], constants)
    file.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), file)


def constant(name: str, values: object, kind: type = np.float32) -> onnx.TensorProto:
    return numpy_helper.from_array(np.asarray(values, kind), name)


def blurring(file: Path) -> None:
    """A purifier: the mean over seven by seven pixels."""
    made, layer = io.BytesIO(), nn.AvgPool2d(7, 1, 3, count_include_pad=False)
    torch.onnx.export(layer, (torch.zeros(2, 3, 112, 112),), made, dynamo=False, opset_version=17,
                      dynamic_axes={"x": {0: "n"}}, input_names=["x"])  # type: ignore[arg-type]  # fmt: skip
    file.write_bytes(made.getvalue())


@pytest.fixture(scope="module")
def cup(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cup")
    people = open_tournament(folder)
    known = load_people(f"folder:{people}", train=8, test=2)
    assert list(known) == list(NAMES)
    teams = folder / "teams"
    for team, surrogate in (("red", "ir-softmax"), ("blue", "mobilefacenet-softmax")):
        method = OPOM(load_recognizer(surrogate))
        for name, person in known.items():
            method.fit(torch.cat([person.train, person.test])).save(teams / team / "masks" / f"{name}.safetensors")
    blurring(teams / "blue" / "purifier.onnx")
    (teams / "green").mkdir()
    (teams / "green" / "recognizer.onnx").write_bytes(embedding(load_recognizer("ir-sface")))
    for name in NAMES:
        Mask(torch.full((3, 112, 112), 20 / 255), 20 / 255).save(teams / "black <b>" / "masks" / f"{name}.safetensors")
    loop = [helper.make_node("Identity", ["x"], ["y"])]
    save(teams / "black <b>" / "recognizer.onnx", loop, [], PHOTOS)  # photos in the place of embeddings
    tile = helper.make_node("Tile", ["x", "many"], ["y"])  # gigabytes
    save(
        teams / "black <b>" / "purifier.onnx", [tile], [constant("many", [1, 1000, 10, 10], np.int64)], ["n", "a", "b", "c"]
    )
    return folder


def test_four_teams_are_judged(cup: Path) -> None:
    table = judge(cup).set_index(["team", "part"])
    score = table["score"]
    assert list(table.index.get_level_values(0).unique()) == [
        "unprotected",
        "random noise",
        "black <b>",
        "blue",
        "green",
        "red",
    ]
    assert score["red", "masks"] > score["random noise", "baseline"] + 20
    assert score["blue", "masks"] > score["random noise", "baseline"] + 20
    assert 0 < score["green", "recognizer"] < 100
    assert "clean photos that are not found" in table["told"]["blue", "purifier"]
    assert table["score"]["black <b>"].isna().all()
    told = table["told"]["black <b>"]
    assert "changes 20.0 gray levels; 8 are allowed" in told["masks"]
    assert told["recognizer"]
    assert "the network" in told["purifier"]
    page = (cup / "tournament.html").read_text()
    assert "black &lt;b&gt;" in page
    assert "black <b>" not in page
    assert "<svg" in page
    assert (cup / "tournament.csv").is_file()


@pytest.mark.parametrize(
    ("nodes", "constants", "output", "reason"),
    [
        ([helper.make_node("Div", ["x", "zero"], ["y"])], [constant("zero", 0.0)], PHOTOS, "not finite"),
        ([helper.make_node("Flatten", ["x"], ["y"])], [], ["n", 37632], "instead of photos"),
        ([helper.make_node("NoSuch", ["x"], ["y"])], [], PHOTOS, "the network fails"),
    ],
)
def test_a_purifier_that_is_none_is_told(
    tmp_path: Path, nodes: list[onnx.NodeProto], constants: list[onnx.TensorProto], output: list[object], reason: str
) -> None:
    save(tmp_path / "purifier.onnx", nodes, constants, output)
    with pytest.raises(ValueError, match=reason):
        tournament.purifying(tmp_path / "purifier.onnx")(torch.rand(2, 3, 112, 112))


def test_a_network_that_hangs_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from opom_edu.assignments import sandbox

    kinds = {"i": TensorProto.INT64, "go": TensorProto.BOOL, "again": TensorProto.BOOL}
    i, go, again = (helper.make_tensor_value_info(name, kind, []) for name, kind in kinds.items())
    s, t = (helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in "st")
    same = [helper.make_node("Identity", ["go"], ["again"]), helper.make_node("Identity", ["s"], ["t"])]
    body = helper.make_graph(same, "body", [i, go, s], [again, t])
    loop = helper.make_node("Loop", ["most", "yes", "x"], ["y"], body=body)
    constants = [constant("most", 2**62, np.int64), constant("yes", True, np.bool_)]
    save(tmp_path / "slow.onnx", [loop], constants, PHOTOS)
    monkeypatch.setattr(sandbox, "NETWORK_SECONDS", 3)
    with pytest.raises(ValueError, match="the network was stopped"):
        sandbox.run_network(tmp_path / "slow.onnx", np.zeros((1, 3, 112, 112), np.float32))


def test_without_teams_or_the_secret_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(OpomError, match="holds no folder of a team"):
        judge(tmp_path)
    (tmp_path / "teams" / "red").mkdir(parents=True)
    with pytest.raises(OpomError, match="secret"):
        judge(tmp_path)
