"""Train a recognizer: reproducible to the bit, and resumed where it was killed."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from safetensors.torch import load_file
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from opom_edu.errors import OpomError
from opom_edu.evaluation.accuracy import Accuracy, accuracy
from opom_edu.faces.images import SIZE
from opom_edu.files import check_folder, replacing, sha256
from opom_edu.recognizers.networks import multiply_adds, put_on
from opom_edu.recognizers.recipes import Recipe, centered
from opom_edu.training.augment import augment
from opom_edu.training.batches import LabeledPhotos, embed, fetch, floats, lower_precision, processes
from opom_edu.training.checkpoints import check_disk, load_checkpoint, save_checkpoint, save_half
from opom_edu.training.heads import make_head


@dataclass(frozen=True)
class TrainingStep:
    """What ``on_step`` is told of a step that was just done.

    Attributes:
        step, steps: its number, from 1, and how many there are in all.
        epoch, epochs: that of its pass over the photos, from 1, and how many there are.
        loss: the mean over its photos.
        rate: the learning rate.

    Example:
        >>> step = TrainingStep(step=5, steps=20, epoch=1, epochs=4, loss=2.5, rate=1e-3)
        >>> step.step / step.steps
        0.25
    """

    step: int
    steps: int
    epoch: int
    epochs: int
    loss: float
    rate: float


def train(
    name: str, recipe: Recipe, photos: LabeledPhotos, *, folder: str | Path, held_out: LabeledPhotos | None = None,
    epochs: int | None = None, seed: int = 0, device: str | torch.device = "cpu", about: Mapping[str, Any] | None = None,
    workers: int = 0, on_step: Callable[[TrainingStep], None] | None = None,
) -> nn.Module:  # fmt: skip
    """Train the network of ``recipe``; the same arguments and number of threads give the same weights, to the bit.

    Where torchrun has started several processes, each learns from its share of every batch, and the first one writes. On
    GPUs that have bfloat16, the network's products are computed in it.

    Writes into ``folder``: ``NAME.safetensors`` (float16, of the epoch that knows the held-out people best),
    ``NAME.json`` (its card, with the checksum by which the zoo loads it), ``NAME.csv`` (the curves), and after each epoch a
    checkpoint, from which a second call goes on. Called again once all is done, it only loads the weights.

    Args:
        name: of the files.
        recipe: network, head and schedule.
        photos: of the people to learn.
        folder: made where it is missing.
        held_out: of other people, to measure accuracy on; without them the last epoch is kept.
        epochs: instead of the recipe's, at least 1.
        seed: of all chance.
        device: where the network learns: "cpu", "cuda" and so on.
        about: where the photos come from, for the card.
        workers: processes that fetch photos while the network learns; worth it where photos are decoded.
        on_step: called after every step.

    Returns:
        The network in evaluation mode, with the weights of the file.

    Raises:
        ValueError: for photos that cannot be learned from, or a device that is not there.
        OpomError: if the folder cannot be written to, or holds the checkpoint of another training.
        MissingExtraError: if the head needs a package that is not installed.

    Example:
        >>> small = {"blocks": (1,), "width": 8, "dim": 8, "stem_stride": 4}
        >>> recipe = Recipe(backbone="IRNet", network=small, head="softmax", epochs=1, batch=4)
        >>> photos = LabeledPhotos(np.zeros((8, 112, 112, 3), np.uint8), np.repeat([0, 1], 4))
        >>> network = train("small", recipe, photos, folder=folder / "weights")
        >>> network.training, sorted(file.name for file in (folder / "weights").iterdir())
        (False, ['small.checkpoint.safetensors', 'small.csv', 'small.json', 'small.safetensors'])
    """
    recipe = recipe if epochs is None else replace(recipe, epochs=epochs)
    photos.check("photos")
    if held_out is not None:
        held_out.check("held_out")
    if recipe.epochs < 1:
        raise ValueError(f"epochs must be at least 1, got {recipe.epochs}")
    folder = Path(folder)
    check_folder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with torch.random.fork_rng(devices=[]), processes(device) as group:
        torch.manual_seed(seed)
        run = _Run(name, recipe, photos, folder, seed, *group, workers)
        check_disk(folder, 3 * run.size())
        run.resume()
        for epoch in range(run.done, recipe.epochs):
            torch.manual_seed(_mixed(seed, epoch))  # for dropout
            started = time.perf_counter()
            loss = run.epoch(epoch, on_step if run.first else None)
            row = {"epoch": epoch + 1, "loss": loss, "rate": run.rate(run.steps * (epoch + 1) - 1)}
            row["seconds"] = time.perf_counter() - started
            if held_out is not None and run.first:
                row |= asdict(run.accuracy(held_out))
            run.finish_epoch(row)
        return run.finish(held_out, about or {})


class _Both(nn.ModuleDict):
    """Network and head as one module, from images and classes to the loss."""

    def forward(self, images: Tensor, classes: Tensor) -> Tensor:
        with lower_precision(images.device):
            features = self["module"](images)
        return self["head"](features.float(), classes)


class _Run:
    """The state of one training."""

    def __init__(
        self, name: str, recipe: Recipe, photos: LabeledPhotos, folder: Path, seed: int,
        number: int, together: int, device: str | torch.device, workers: int,
    ) -> None:  # fmt: skip
        self.name, self.recipe, self.photos, self.folder, self.seed = name, recipe, photos, folder, seed
        self.weights, self.checkpoint = folder / f"{name}.safetensors", folder / f"{name}.checkpoint.safetensors"
        self.number, self.together, self.first, self.workers = number, together, number == 0, workers
        self.people, classes = np.unique(photos.labels, return_inverse=True)
        self.classes = torch.from_numpy(classes.astype(np.int64))
        self.module = recipe.build().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        with torch.no_grad():
            self.dim = self.module.eval()(torch.zeros(1, 3, SIZE, SIZE)).shape[1]
        self.head = make_head(recipe.head, self.dim, len(self.people), **recipe.loss)
        self.both = _Both({"module": self.module, "head": self.head})
        put_on(self.both, device)
        self.device = device
        self.loss = DistributedDataParallel(self.both) if together > 1 else self.both
        weights = [p for p in self.both.parameters() if p.ndim > 1]
        others = [p for p in self.both.parameters() if p.ndim <= 1]
        self.parameters = [*weights, *others]
        self.optimizer = torch.optim.AdamW(
            [{"params": weights, "weight_decay": recipe.decay}, {"params": others, "weight_decay": 0.0}], lr=recipe.rate
        )
        self.margin = getattr(self.head, "margin", 0.0)  # ramped up while training
        self.batch = min(recipe.batch, len(photos.labels))
        self.steps = len(photos.labels) // self.batch  # per epoch; the rest, other photos each time, waits for the next
        self.done, self.best = 0, -math.inf
        self.curves: list[dict[str, float]] = []

    def size(self) -> int:
        """Bytes of a checkpoint: the weights and two running means of each."""
        return 3 * sum(p.numel() * p.element_size() for p in self.parameters) + 2**20

    def identity(self) -> str:
        """What makes two trainings the same, as text."""
        images = self.photos.images
        sample = images[:: max(1, len(images) // 64)]
        checks = [len(images), len(self.people), int(self.classes.sum()), int(np.asarray(sample, np.int64).sum())]
        return json.dumps([_plain(self.recipe), self.seed, *checks, *([self.together] if self.together > 1 else [])])

    def rate(self, step: int) -> float:
        """The learning rate of a step: a linear rise, then a cosine down to zero."""
        share = (step + 1) / (self.steps * self.recipe.epochs)
        if share < self.recipe.warmup:
            return self.recipe.rate * share / self.recipe.warmup
        return self.recipe.rate * 0.5 * (1 + math.cos(math.pi * (share - self.recipe.warmup) / (1 - self.recipe.warmup)))

    def epoch(self, epoch: int, on_step: Callable[[TrainingStep], None] | None) -> float:
        """One pass over the photos; the mean loss. All chance comes from the seed and the epoch."""
        generator = torch.Generator().manual_seed(_mixed(self.seed, epoch))
        order = torch.randperm(len(self.classes), generator=generator)[: self.steps * self.batch]
        recipe = self.recipe
        own = [chosen[self.number :: self.together] for chosen in order.split(self.batch)]
        if self.together > 1:
            generator = torch.Generator().manual_seed(_mixed(_mixed(self.seed, epoch), self.number))
        self.both.train()
        total = 0.0
        for i, (chosen, pixels) in enumerate(zip(own, fetch(self.photos.images, own, self.workers), strict=True)):
            step = epoch * self.steps + i
            for group in self.optimizer.param_groups:
                group["lr"] = self.rate(step)
            if recipe.ramp:
                share = min(1.0, step / (recipe.ramp * self.steps * recipe.epochs))
                self.head.margin = share * self.margin  # type: ignore[assignment]
            images = augment(floats(pixels, self.device), generator)
            images = centered(images).contiguous(memory_format=torch.channels_last)
            loss = self.loss(images, self.classes[chosen].to(self.device))
            self.optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(self.parameters, 5.0)
            self.optimizer.step()
            value = float(loss.detach())
            if not math.isfinite(value):
                raise OpomError(f"the training of {self.name} diverged at step {step + 1}; lower the recipe's rate")
            total += value
            if on_step is not None:
                on_step(
                    TrainingStep(
                        step + 1, self.steps * self.recipe.epochs, epoch + 1, self.recipe.epochs, value, self.rate(step)
                    )
                )
        return total / self.steps

    def accuracy(self, held_out: LabeledPhotos, among: npt.NDArray[np.bool_] | None = None) -> Accuracy:
        return accuracy(embed(self.module, held_out.images), np.unique(held_out.labels, return_inverse=True)[1], among)

    def finish_epoch(self, row: dict[str, float]) -> None:
        """Write the weights if they are the best so far, then the checkpoint, then the curves."""
        self.done += 1
        self.curves.append(row)
        if not self.first:
            return
        score = row.get("auc", float(self.done))
        if score >= self.best:
            self.best = score
            save_half(self.module, self.weights, f"{self.name}, epoch {self.done}")
        state = {"done": self.done, "best": self.best, "curves": self.curves, "identity": self.identity()}
        save_checkpoint(self.checkpoint, state, self.both, self.parameters, self.optimizer)
        with replacing(self.folder / f"{self.name}.csv") as temporary:
            pd.DataFrame(self.curves).to_csv(temporary, index=False)

    def resume(self) -> None:
        """Go back to the state of the last checkpoint, if there is one."""
        if self.checkpoint.is_file():
            state = load_checkpoint(self.checkpoint, self.identity(), self.both, self.parameters, self.optimizer)
            self.done, self.best, self.curves = state["done"], state["best"], state["curves"]

    def finish(self, held_out: LabeledPhotos | None, about: Mapping[str, Any]) -> nn.Module:
        """Measure the best network as it is in the file, and write the card."""
        if self.together > 1:
            distributed.barrier()  # until the weights are written
        self.module.load_state_dict(load_file(self.weights))
        if self.first:
            with replacing(self.folder / f"{self.name}.json") as temporary:
                temporary.write_text(json.dumps(self.card(held_out, about), indent=2) + "\n")
        return self.module.eval()

    def card(self, held_out: LabeledPhotos | None, about: Mapping[str, Any]) -> dict[str, Any]:
        """How and on what the network was trained, and its accuracy."""
        card: dict[str, Any] = {
            "name": self.name,
            "sha256": sha256(self.weights),
            "bytes": self.weights.stat().st_size,
            "parameters": sum(p.numel() for p in self.module.parameters()),
            "multiply_adds": multiply_adds(self.module),
            "recipe": _plain(self.recipe),
            "seed": self.seed,
            "people": len(self.people),
            "photos": len(self.photos.labels),
            "data": dict(about),
            "seconds": round(sum(row["seconds"] for row in self.curves), 1),
            "torch": torch.__version__,
        }
        if held_out is not None:
            card["held_out"] = {"people": len(np.unique(held_out.labels)), "photos": len(held_out.labels)}
            card["accuracy"] = {"all": _rounded(self.accuracy(held_out))}
            for group in [] if held_out.groups is None else sorted(set(held_out.groups.tolist())):
                among = np.asarray(held_out.groups == group)
                _, counts = np.unique(held_out.labels[among], return_counts=True)
                if len(counts) > 1 and counts.max() > 1:
                    card["accuracy"][str(group)] = _rounded(self.accuracy(held_out, among))
        return card


def _mixed(seed: int, epoch: int) -> int:
    """One seed from two numbers, such that neighbors have nothing in common."""
    return int(np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0] >> np.uint64(1))


def _plain(recipe: Recipe) -> dict[str, Any]:
    """The recipe as JSON knows it."""
    fields = {key: getattr(recipe, key) for key in recipe.__dataclass_fields__}
    return {key: dict(value) if isinstance(value, Mapping) else value for key, value in fields.items()}


def _rounded(found: Accuracy) -> dict[str, float]:
    return {key: round(value, 4) for key, value in asdict(found).items()}
