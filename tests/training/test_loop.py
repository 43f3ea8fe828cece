"""Training learns, repeats itself, resumes, and refuses what it cannot learn from."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from opom_edu.errors import OpomError, WeightsError
from opom_edu.evaluation.accuracy import accuracy
from opom_edu.faces.synthetic import StoredImages
from opom_edu.recognizers import load_recognizer, zoo
from opom_edu.recognizers.recipes import Recipe
from opom_edu.training.augment import augment
from opom_edu.training.batches import LabeledPhotos, embed
from opom_edu.training.loop import TrainingStep, train
from tests.conftest import make_people

RECIPE = Recipe(
    backbone="IRNet",
    network={"blocks": (1, 1), "width": 8, "dim": 16, "stem_stride": 4, "dropout": 0.1},
    head="softmax",
    epochs=3,
    batch=16,
    rate=1e-2,
)


def photos(first: int = 0, people: int = 8, each: int = 8) -> LabeledPhotos:
    """Blobs of color, another pattern for each person."""
    group = list(make_people(first + people, photos=each, train=each - 1).values())[first:]
    images = torch.cat([torch.cat([person.train, person.test]) for person in group])
    pixels = (images * 255).round().byte().permute(0, 2, 3, 1).numpy()
    labels = np.repeat(np.arange(people), each)
    return LabeledPhotos(pixels, labels, np.where(labels < people // 2, "light", "dark"))


class KilledError(Exception):
    pass


def test_it_learns_and_the_zoo_loads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held_out = photos(first=8, people=4)
    module = train("ir-softmax", replace(RECIPE, epochs=8), photos(), folder=tmp_path, held_out=held_out)
    assert not module.training
    card = json.loads((tmp_path / "ir-softmax.json").read_text())
    assert card["accuracy"]["all"]["auc"] > 0.9
    assert set(card["accuracy"]) == {"all", "light", "dark"}
    assert len((tmp_path / "ir-softmax.csv").read_text().splitlines()) == 9
    monkeypatch.setenv(zoo.WEIGHTS_VARIABLE, str(tmp_path))
    recognizer = load_recognizer("ir-softmax")
    batch = torch.from_numpy(held_out.images).permute(0, 3, 1, 2).float() / 255
    np.testing.assert_allclose(recognizer.embed(batch).numpy(), embed(module, held_out.images), atol=1e-4)
    (tmp_path / "ir-softmax.json").write_text(json.dumps(card).replace('"dim": 16', '"dim": 8'))
    with pytest.raises(WeightsError, match=r"of the network ir-softmax: .{20,130} \(make it with: opom-edu train"):
        load_recognizer("ir-softmax")
    (tmp_path / "ir-softmax.json").write_text(json.dumps(card))
    data = bytearray((tmp_path / "ir-softmax.safetensors").read_bytes())
    data[-1] ^= 1
    (tmp_path / "ir-softmax.safetensors").write_bytes(data)
    with pytest.raises(WeightsError, match=r"ir-softmax\.safetensors is damaged.*opom-edu train ir-softmax"):
        load_recognizer("ir-softmax")


def test_untrained_names_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zoo, "PACKAGED", tmp_path)
    monkeypatch.setenv(zoo.WEIGHTS_VARIABLE, str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(WeightsError, match="opom-edu train ir-sface"):
        load_recognizer("ir-sface")
    (tmp_path / "ir-sface.json").write_text("{}")
    with pytest.raises(WeightsError, match=r"ir-sface\.json cannot be read.*opom-edu train ir-sface"):
        load_recognizer("ir-sface")


@pytest.mark.parametrize("head", ["softmax", "arcface", "sface"])
def test_resumed_is_unbroken_bit_for_bit(head: str, tmp_path: Path) -> None:
    recipe = replace(RECIPE, head=head)

    def kill(step: TrainingStep) -> None:
        if step.step == 6:  # in the second epoch of four steps each
            raise KilledError

    state = torch.get_rng_state()
    train("a", recipe, photos(), folder=tmp_path / "whole")
    assert torch.equal(torch.get_rng_state(), state)
    with pytest.raises(KilledError):
        train("a", recipe, photos(), folder=tmp_path / "broken", on_step=kill)
    torch.rand(3)  # another process has another state of chance
    seen: list[int] = []
    train("a", recipe, photos(), folder=tmp_path / "broken", on_step=lambda step: seen.append(step.step))
    assert seen == [*range(5, 13)]
    files = [(tmp_path / folder / "a.safetensors").read_bytes() for folder in ("whole", "broken")]
    assert files[0] == files[1]
    train("a", recipe, photos(), folder=tmp_path / "broken", on_step=lambda step: seen.append(step.step))
    assert len(seen) == 8  # all was done


def test_photos_that_workers_fetch_from_files_give_the_same_weights(tmp_path: Path) -> None:
    several = photos()
    files = [cv2.imencode(".png", image[..., ::-1])[1].tobytes() for image in several.images]
    stored = replace(several, images=StoredImages(files, 112))
    np.testing.assert_array_equal(stored.images[3:5], several.images[3:5])
    np.testing.assert_array_equal(stored.images[np.array([7, 2])], several.images[[7, 2]])
    train("a", RECIPE, several, folder=tmp_path / "array", epochs=1)
    train("a", RECIPE, stored, folder=tmp_path / "files", epochs=1, workers=2)
    one, other = ((tmp_path / folder / "a.safetensors").read_bytes() for folder in ("array", "files"))
    assert one == other


TOGETHER = """
import os, sys
import torch
from dataclasses import replace
from pathlib import Path
from opom_edu.training.loop import train
from tests.training.test_loop import RECIPE, photos

torch.set_num_threads(1)
folder, seen = Path(sys.argv[1]), []
module = train("a", replace(RECIPE, epochs=int(sys.argv[2])), photos(), folder=folder, held_out=photos(first=8, people=4),
               on_step=lambda step: seen.append(step.step))
(folder / f"{os.environ['RANK']}.txt").write_text(f"{len(seen)} {float(sum(p.double().sum() for p in module.parameters()))}")
"""


@pytest.mark.slow
def test_two_processes_learn_together(tmp_path: Path) -> None:
    (tmp_path / "together.py").write_text(TOGETHER)

    def torchrun(folder: str, epochs: int) -> list[list[str]]:
        (tmp_path / folder).mkdir(exist_ok=True)
        start = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
        command = [*start, str(tmp_path / "together.py"), str(tmp_path / folder), str(epochs)]
        root = Path(__file__).parents[2]
        environment = os.environ | {"PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
        found = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=root)
        assert found.returncode == 0, found.stderr
        return [(tmp_path / folder / f"{rank}.txt").read_text().split() for rank in range(2)]

    (first, weights), (second, others) = torchrun("whole", 8)
    assert (first, second) == ("32", "0")  # eight epochs of four steps; only the first process tells
    assert weights == others
    card = json.loads((tmp_path / "whole" / "a.json").read_text())
    assert card["accuracy"]["all"]["auc"] > 0.9
    assert torchrun("whole", 8) == [["0", weights], ["0", weights]]  # all was done
    with pytest.raises(OpomError, match="another training"):  # one process is not two
        train("a", replace(RECIPE, epochs=8), photos(), folder=tmp_path / "whole")


def test_another_training_does_not_go_on_with_this_one(tmp_path: Path) -> None:
    train("a", RECIPE, photos(), folder=tmp_path, epochs=1)
    with pytest.raises(OpomError, match="another training"):
        train("a", RECIPE, photos(), folder=tmp_path, epochs=1, seed=1)
    (tmp_path / "a.checkpoint.safetensors").write_bytes(b"nothing")
    with pytest.raises(OpomError, match=r"cannot be read.*delete it"):
        train("a", RECIPE, photos(), folder=tmp_path, epochs=1)


def test_bad_input_is_named(tmp_path: Path) -> None:
    good = photos()
    bad = {
        r"photos\.images must be a uint8 array .* got float32": replace(good, images=good.images.astype(np.float32)),
        r"photos\.images must be .* got uint8 \(64, 56": replace(good, images=good.images[:, :56]),
        r"photos\.labels must be whole numbers \(64,\)": replace(good, labels=good.labels[1:]),
        "at least 2 people with at least 2 photos each, got 1": replace(good, labels=good.labels * 0),
        "at least 2 people .* got 64 people with 1": replace(good, labels=np.arange(64)),
        r"photos\.groups must name one group per image": replace(good, groups=np.array(["light"])),
    }
    for message, wrong in bad.items():
        with pytest.raises(ValueError, match=message):
            train("a", RECIPE, wrong, folder=tmp_path)
    with pytest.raises(ValueError, match="held_out must hold"):
        train("a", RECIPE, good, folder=tmp_path, held_out=replace(good, labels=np.arange(64)))
    with pytest.raises(ValueError, match="epochs must be at least 1"):
        train("a", RECIPE, good, folder=tmp_path, epochs=0)
    with pytest.raises(ValueError, match="device 'banana' cannot be used"):
        train("a", RECIPE, good, folder=tmp_path, device="banana")
    (tmp_path / "file").touch()
    with pytest.raises(OpomError, match="is a file; name another folder"):
        train("a", RECIPE, good, folder=tmp_path / "file")


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _path: type("Usage", (), {"free": 1000})())
    with pytest.raises(OpomError, match="0 MB free, and training needs"):
        train("a", RECIPE, photos(), folder=tmp_path)


def test_augmented_photos_are_photos_and_come_from_the_generator() -> None:
    images = torch.rand(16, 3, 112, 112, generator=torch.Generator().manual_seed(0))
    first, again = (augment(images.clone(), torch.Generator().manual_seed(1)) for _ in range(2))
    assert torch.equal(first, again)
    assert 0 <= float(first.min()) <= float(first.max()) <= 1
    assert not torch.equal(first, augment(images.clone(), torch.Generator().manual_seed(2)))


def test_accuracy_of_the_perfect_the_blind_and_a_group() -> None:
    labels = np.repeat(np.arange(4), 3)
    perfect = np.eye(4, dtype=np.float32)[labels]
    found = accuracy(perfect, labels)
    assert (found.auc, found.tar, found.rank1) == (1.0, 1.0, 1.0)
    blind = accuracy(np.ones((12, 4), np.float32) / 2, labels)
    assert blind.auc == 0.5
    assert blind.tar == 0.0
    confused = perfect.copy()
    confused[labels == 3] = perfect[0]  # person 3 looks like person 0
    assert accuracy(confused, labels, labels < 2).auc == 1.0
    assert accuracy(confused, labels, (labels == 0) | (labels == 3)).auc == 0.5
    with pytest.raises(ValueError, match="at least 2 people"):
        accuracy(perfect, labels, labels == 0)
