"""What ONNX files of other people's recognizers take and give: used as it is, or refused at once with the remedy."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

pytest.importorskip("onnx", reason="making ONNX files needs onnx")
pytest.importorskip("onnxruntime", reason="ONNX files need the extra: pip install 'opom_edu[onnx]'")
from onnx import TensorProto, helper, numpy_helper, save

from opom_edu import recognizers
from opom_edu.cli.common import load_measured
from opom_edu.errors import WeightsError
from opom_edu.recognizers import Recognizer
from opom_edu.recognizers.onnx import LIKE

IMAGES = torch.rand(3, 3, 112, 112, generator=torch.Generator().manual_seed(0))
FLOAT = TensorProto.FLOAT


def model(path: Path, shape: list[Any], kind: int = FLOAT, outputs: int = 1, inputs: int = 1) -> Path:
    """A network that flattens a photo, as a float, and multiplies it by a matrix; a second output is its norm, first."""
    size = int(np.prod([side for side in shape[1:] if isinstance(side, int)]))
    weights = numpy_helper.from_array(np.random.default_rng(0).normal(size=(size, 8)).astype(np.float32), "w")
    nodes = [
        helper.make_node("Cast", ["x"], ["c"], to=FLOAT),
        helper.make_node("Flatten", ["c"], ["f"]),
        helper.make_node("MatMul", ["f", "w"], ["y"]),
    ]
    given = [helper.make_tensor_value_info("y", FLOAT, [shape[0], 8])]
    if outputs == 2:
        nodes.append(helper.make_node("ReduceL2", ["y"], ["norm"], axes=[1], keepdims=1))
        given.insert(0, helper.make_tensor_value_info("norm", FLOAT, [shape[0], 1]))
    taken = [helper.make_tensor_value_info(name, kind, shape) for name in ("x", "other")[:inputs]]
    graph = helper.make_graph(nodes, "g", taken, given, [weights])
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


@pytest.mark.parametrize("batch", [1, 2, 8, "n"])
def test_a_fixed_batch_changes_nothing(tmp_path: Path, batch: int | str) -> None:
    free = Recognizer.from_onnx(model(tmp_path / "free.onnx", ["n", 3, 112, 112]), size=112, mean=127.5, std=127.5)
    fixed = Recognizer.from_onnx(model(tmp_path / "one.onnx", [batch, 3, 112, 112]), size=112, mean=127.5, std=127.5)
    torch.testing.assert_close(fixed.embed(IMAGES), free.embed(IMAGES), atol=1e-5, rtol=0)


@pytest.mark.parametrize("kind", [FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE])
@pytest.mark.parametrize("last", [False, True])
def test_types_and_channels_last_are_read_from_the_model(tmp_path: Path, kind: int, last: bool) -> None:
    shape = ["n", 112, 112, 3] if last else ["n", 3, 112, 112]
    recognizer = Recognizer.from_onnx(model(tmp_path / "m.onnx", shape, kind), size=112, mean=127.5, std=127.5)
    weights = torch.from_numpy(np.random.default_rng(0).normal(size=(3 * 112 * 112, 8))).float()
    pixels = (IMAGES * 255).round().sub(127.5).div(127.5)
    wanted = torch.nn.functional.normalize((pixels.permute(0, 2, 3, 1) if last else pixels).flatten(1) @ weights)
    torch.testing.assert_close(recognizer.embed(IMAGES), wanted, atol=2e-2, rtol=0)


def test_whole_levels_are_given_as_they_are(tmp_path: Path) -> None:
    path = model(tmp_path / "m.onnx", ["n", 3, 112, 112], TensorProto.UINT8)
    assert Recognizer.from_onnx(path, size=112, mean=0, std=1).embed(IMAGES).shape == (3, 8)
    with pytest.raises(ValueError, match="give mean=0 and std=1"):
        Recognizer.from_onnx(path, size=112, mean=127.5, std=127.5)


def test_an_output_of_norms_is_no_embedding(tmp_path: Path) -> None:
    path = model(tmp_path / "m.onnx", ["n", 3, 112, 112], outputs=2)
    with pytest.raises(WeightsError, match="single number per photo as norm"):
        Recognizer.from_onnx(path, size=112, mean=0, std=1).embed(IMAGES)
    assert Recognizer.from_onnx(path, size=112, mean=0, std=1, output="y").embed(IMAGES).shape == (3, 8)
    with pytest.raises(ValueError, match="no output 'z'; choose one of norm, y"):
        Recognizer.from_onnx(path, size=112, mean=0, std=1, output="z")


@pytest.mark.parametrize(
    ("shape", "kind", "inputs", "says"),
    [
        (["n", 3, 128, 128], FLOAT, 1, "128x128 pixels, not 112x112; give size="),
        (["n", 1, 112, 112], FLOAT, 1, "1 channels; three are needed"),
        (["n", 3 * 112 * 112], FLOAT, 1, "a batch of photos"),
        (["n", 3, 112, 112], TensorProto.INT64, 1, "of float, float16, double or uint8"),
        (["n", 3, 112, 112], FLOAT, 2, "takes 2 inputs, x, other"),
    ],
)
def test_what_cannot_be_given_is_refused_at_once(
    tmp_path: Path, shape: list[Any], kind: int, inputs: int, says: str
) -> None:
    path = model(tmp_path / "m.onnx", shape, kind, inputs=inputs)
    with pytest.raises((ValueError, WeightsError), match=says):
        Recognizer.from_onnx(path, size=112, mean=127.5, std=127.5)


@pytest.mark.parametrize("like", LIKE)
def test_presets_prepare_photos_as_the_network_wants_them(tmp_path: Path, like: str) -> None:
    wanted = LIKE[like]
    path = model(tmp_path / "m.onnx", ["n", 3, wanted["size"], wanted["size"]])
    by_hand = Recognizer.from_onnx(path, **wanted)
    torch.testing.assert_close(Recognizer.from_onnx(path, like=like).embed(IMAGES), by_hand.embed(IMAGES))
    assert not torch.allclose(
        Recognizer.from_onnx(path, like=like, channels="BGR" if wanted["channels"] == "RGB" else "RGB").embed(IMAGES),
        by_hand.embed(IMAGES),
    )
    with pytest.raises(ValueError, match="choose one of sface, facenet, insightface, adaface"):
        Recognizer.from_onnx(path, like="arcface")


def test_an_onnx_file_is_a_target_of_the_commands(tmp_path: Path) -> None:
    file = model(tmp_path / "own.onnx", ["n", 3, 112, 112])
    white_box, (brought,) = load_measured("ir-softmax", f"sface={file}", "cpu")
    assert brought.name == "sface (own)"
    assert torch.equal(brought.embed(IMAGES), Recognizer.from_onnx(file, like="sface").embed(IMAGES))
    assert not brought.shares_network(white_box)
    with pytest.raises(ValueError, match="unknown preprocessing like='own'"):
        load_measured("ir-softmax", f"own={file}", "cpu")
    with pytest.raises(WeightsError, match=r"gone\.onnx"):
        load_measured("ir-softmax", f"sface={tmp_path / 'gone.onnx'}", "cpu")


def test_the_page_and_the_doctor_name_every_preparation() -> None:
    page = (Path(recognizers.__file__).parent / "README.md").read_text()
    for like in LIKE:
        assert f'`like="{like}"`' in page
