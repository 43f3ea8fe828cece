"""The washing machine: a small network that learned to take masks off, from photos of other people (after PuFace, 2024)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from opom_edu.errors import OpomError
from opom_edu.evaluation.gallery import Gallery, OwnMasks
from opom_edu.evaluation.robustness import protected, with_baselines
from opom_edu.faces import People, quantize
from opom_edu.faces.images import check_images
from opom_edu.files import replacing
from opom_edu.recognizers import Recognizer

SHIPPED = Path(__file__).with_name("purifier.safetensors")


class UNet(nn.Module):
    """Three levels of convolutions with shortcuts across (Ronneberger et al., arXiv 1505.04597), on blocks of 2 x 2 pixels.

    Args:
        width: channels of the first level; each further one has twice as many. 24 make 0.27 M parameters.

    Example:
        >>> sum(weights.numel() for weights in UNet().parameters())
        270060
    """

    def __init__(self, width: int = 24) -> None:
        super().__init__()
        one, two, four = width, 2 * width, 4 * width
        self.down = nn.ModuleList([_level(12, one), _level(one, two), _level(two, four)])
        self.up = nn.ModuleList([_level(four + two, two), _level(two + one, one)])
        self.last = nn.Conv2d(one, 12, 3, padding=1)
        nn.init.zeros_(self.last.weight)  # at first it changes nothing
        nn.init.zeros_(self.last.bias)  # type: ignore[arg-type]

    def forward(self, images: Tensor) -> Tensor:
        x = functional.pixel_unshuffle(images - 0.5, 2)
        levels = []
        for place, level in enumerate(self.down):
            x = level(functional.avg_pool2d(x, 2) if place else x)
            levels.append(x)
        for level, across in zip(self.up, levels[-2::-1], strict=True):
            x = level(torch.cat([functional.interpolate(x, scale_factor=2.0), across], 1))
        return images + functional.pixel_shuffle(self.last(x), 2)


def _level(inputs: int, outputs: int) -> nn.Sequential:
    first, second = nn.Conv2d(inputs, outputs, 3, padding=1), nn.Conv2d(outputs, outputs, 3, padding=1)
    return nn.Sequential(first, nn.LeakyReLU(0.1), second, nn.LeakyReLU(0.1))


class Purifier:
    """Gives photos back without what it takes for a mask. Also a transform: a mask can be learned through it.

    Args:
        network: images ``(N, 3, H, W)`` in [0, 1] to images of the same shape.

    Example:
        >>> purifier = Purifier.load()
        >>> purifier.wash(ada.test).shape
        torch.Size([10, 3, 112, 112])
        >>> mask = OPOM(surrogate, transforms=[purifier]).fit(ada.train)
    """

    def __init__(self, network: nn.Module) -> None:
        self.network = network.eval().requires_grad_(False)

    def __call__(self, images: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """With gradients; no chance, so the generator is not used."""
        washed: Tensor = self.network(images)
        return washed.clamp(0, 1)

    def wash(self, images: Tensor) -> Tensor:
        """Photos ``(N, 3, 112, 112)`` purified, rounded to 8 bit.

        Raises:
            ValueError: for invalid images.
        """
        check_images(images)
        with torch.inference_mode():
            return quantize(torch.cat([self(part) for part in images.split(64)]))

    def save(self, path: str | Path) -> None:
        """Write the weights as float16 safetensors, whole or not at all."""
        weights = {name: value.half().contiguous() for name, value in self.network.state_dict().items()}
        with replacing(Path(path)) as temporary:
            save_file(weights, temporary)

    @classmethod
    def load(cls, path: str | Path = SHIPPED) -> Purifier:
        """The purifier that comes with the package (``python benchmarks/purifier.py`` makes it), or another one's file.

        Raises:
            OpomError: if the file holds no purifier.
        """
        try:
            weights = {name: value.float() for name, value in load_file(path).items()}
            network = UNet(len(weights["last.weight"][0]))
            network.load_state_dict(weights)
        except (OSError, SafetensorError, KeyError, IndexError, RuntimeError) as error:
            raise OpomError(f"{path} holds no purifier ({error}); make one with learn_purifier and save it") from None
        return cls(network)


def learn_purifier(
    clean: Tensor, masked: Tensor, recognizer: Recognizer | None = None, *, epochs: int = 4, rate: float = 2e-3,
    batch: int = 16, seed: int = 0, start: Purifier | None = None, on_step: Callable[[float, float], None] | None = None,
) -> Purifier:  # fmt: skip
    """A purifier that learned from pairs of photos of other people.

    The loss is the mean absolute difference to the clean photo, and, with a ``recognizer``, one tenth of the mean of 1 minus
    the cosine of the embeddings: the photo shall look and be recognized as it was (PuFace, arXiv 2406.02253).

    Args:
        clean, masked: ``(N, 3, 112, 112)``, the same photos before and after. Some that never wore a mask, the same on both
            sides, teach it to leave those alone.
        recognizer: a white box, or none.
        epochs, rate, batch: passes over the pairs, highest learning rate of AdamW, pairs per step.
        seed: of the first weights and of the order.
        start: a purifier to go on from.
        on_step: called with the share that is done and the loss.

    Raises:
        ValueError: for invalid images or differing shapes.

    Example:
        >>> purifier = learn_purifier(ada.train, masks["Ada"].apply(ada.train), epochs=1)
        >>> purifier.wash(ada.test).shape
        torch.Size([10, 3, 112, 112])
    """
    check_images(clean, name="clean images")
    if check_images(masked, name="masked images").shape != clean.shape:
        raise ValueError(f"clean {tuple(clean.shape)} and masked images {tuple(masked.shape)} must be the same photos")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network: nn.Module = UNet()
    if start is not None:
        network.load_state_dict(start.network.state_dict())
    network.requires_grad_(True).train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=rate)
    generator = torch.Generator().manual_seed(seed)
    batches = [b for _ in range(epochs) for b in torch.randperm(len(clean), generator=generator).split(batch)]
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=len(batches) + 1)
    for done, chosen in enumerate(batches, 1):
        flip = [-1] if torch.rand((), generator=generator) < 0.5 else []
        wanted, given = clean[chosen].flip(flip), masked[chosen].flip(flip)
        with torch.enable_grad():
            washed = network(given)
            loss = (washed - wanted).abs().mean()
            if recognizer is not None:
                target = recognizer.embed(wanted)
                loss = loss + 0.1 * (1 - (recognizer.embed(washed.clamp(0, 1)) * target).sum(-1)).mean()
            optimizer.zero_grad()
            loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if not math.isfinite(value := float(loss.detach())):
            raise OpomError(f"the purifier's training diverged at step {done}; lower the rate")
        if on_step is not None:
            on_step(done / len(batches), value)
    return Purifier(network)


def moves(
    recognizers: Sequence[Recognizer], people: People, masks: Mapping[str, OwnMasks],
    washings: Mapping[str, Callable[[Tensor], Tensor]],
) -> pd.DataFrame:  # fmt: skip
    """What is left of masks after each washing; the gallery stays clean.

    Args:
        recognizers, people: see :func:`opom_edu.protection`.
        masks: by name; "unprotected" and "random noise" are put beside them.
        washings: by name, photos ``(N, 3, 112, 112)``, saved in 8 bit, to what the adversary searches with.

    Returns:
        One row per ``masks``, ``washed``, ``recognizer`` and ``person``: ``psr_1`` in percent, and the ``psnr`` of the
        person's washed photos, all together, to the clean ones in dB.

    Example:
        >>> table = moves([black_box], people, {"convex": masks}, {"nothing": lambda photos: photos})
        >>> table["masks"].unique().tolist()
        ['unprotected', 'random noise', 'convex']
    """
    galleries = [Gallery.of(recognizer, people) for recognizer in recognizers]
    rows: list[dict[str, Any]] = []
    for name, own in with_baselines(people, masks).items():
        worn = protected(people, own)
        for washing, wash in washings.items():
            photos = {person: wash(images) for person, images in worn.items()}
            errors = {person: (people[person].test - images).square().mean((1, 2, 3)) for person, images in photos.items()}
            near = {person: float(-10 * error.mean().log10()) for person, error in errors.items()}
            given = {"masks": name, "washed": washing}
            for gallery in galleries:
                for person, probes in gallery.probes(photos=photos, top=1).items():
                    who = {"recognizer": gallery.recognizer.name, "person": person}
                    rows.append(given | who | {"psr_1": 100 * probes.success(1), "psnr": near[person]})
    return pd.DataFrame(rows)
