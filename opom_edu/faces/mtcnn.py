"""MTCNN (Zhang et al. 2016, arXiv 1604.02878): three small networks that find faces, also turned ones, and five landmarks.

The weights are those of the packages facenet-pytorch and mtcnn (MIT), made into ``mtcnn.safetensors`` by
``datasets/make_face_finder.py``; they were trained on WIDER FACE and CelebA, data sets for research.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor, nn

from opom_edu.errors import WeightsError
from opom_edu.faces.photos import Array, Pixels, alignment, inverse, moved, warp
from opom_edu.files import sha256

WEIGHTS = Path(__file__).with_name("mtcnn.safetensors")
CHECKSUM = "ecf9679bded9b5bc7d0bef4e9097cefea92f47d30072f4a5a26ee0a4bb1870d0"
SCAN = 1000  # pixels of the longer side of what the networks look at
SMALLEST = 20  # pixels of that from which on a face is found
STEP = 0.709  # from one size of the picture to the next: half the area
SURE = {"proposal": 0.6, "refinement": 0.7, "output": 0.9}  # score above which a network sees a face
# The second look, at the face set upright. Middle and side, in pixels of the crop, of the box in which the last network
# usually sees a face; shares of its side and sizes by which it is shifted; how far the network's points lie from the
# template, on the mean of twelve people's frontal faces that others aligned to it.
MIDDLE, SIDE, BORDER = np.array([55.0, 68.0]), 98.0, 32
LOOKS = np.array([(x, y, zoom) for zoom in (0.92, 1, 1.08) for x in (-0.03, 0.03) for y in (-0.03, 0.03)])
OFFSET = np.array([[-1.2, -0.4], [0.3, -0.3], [-0.1, 1.8], [-1.4, -1.9], [0.4, -1.9]])
MIRRORED = [1, 0, 2, 4, 3]  # the landmarks of a mirror image, in order


class Network(nn.Module):
    """One of the three: convolutions, perhaps a dense layer, and heads: is it a face, where is its box, its landmarks.

    Args:
        widths: channels of each convolution's result.
        kernels: each convolution's, in pixels.
        pools: pixels of the pooling after each, 0 for none.
        dense: inputs and outputs of the dense layer; None for a network that looks at every place of a picture.
        heads: numbers that each head gives.

    Example:
        >>> scores, boxes = networks()["proposal"](torch.zeros(1, 3, 12, 12))
        >>> scores.shape, boxes.shape
        (torch.Size([1, 2, 1, 1]), torch.Size([1, 4, 1, 1]))
    """

    def __init__(
        self, widths: Sequence[int], kernels: Sequence[int], pools: Sequence[int], dense: tuple[int, int] | None,
        heads: Sequence[int],
    ) -> None:  # fmt: skip
        super().__init__()
        layers = list[nn.Module]()
        for (before, after), kernel, pool in zip(pairwise((3, *widths)), kernels, pools, strict=True):
            layers += [nn.Conv2d(before, after, kernel), nn.PReLU(after)]
            layers += [nn.MaxPool2d(pool, 2, ceil_mode=True)] if pool else []
        if dense:
            layers += [nn.Flatten(), nn.Linear(*dense), nn.PReLU(dense[1])]
        self.trunk = nn.Sequential(*layers)
        last = dense[1] if dense else widths[-1]
        self.heads = nn.ModuleList(nn.Linear(last, n) if dense else nn.Conv2d(last, n, 1) for n in heads)

    def forward(self, pictures: Tensor) -> list[Tensor]:
        """Of pictures ``(N, 3, H, W)`` in [-1, 1], what each head says: scores before the softmax, box, landmarks."""
        seen = self.trunk(pictures)
        return [head(seen) for head in self.heads]


def blank_networks() -> dict[str, Network]:
    """The three networks, by name, without their weights.

    Example:
        >>> sum(value.numel() for network in blank_networks().values() for value in network.parameters())
        495850
    """
    return {
        "proposal": Network((10, 16, 32), (3, 3, 3), (2, 0, 0), None, (2, 4)),
        "refinement": Network((28, 48, 64), (3, 3, 2), (3, 3, 0), (576, 128), (2, 4)),
        "output": Network((32, 64, 64, 128), (3, 3, 3, 2), (3, 3, 2, 0), (1152, 256), (2, 4, 10)),
    }


@lru_cache(maxsize=1)
def networks() -> dict[str, Network]:
    """The three networks, by name, as trained.

    Raises:
        WeightsError: if the file of their weights is missing or damaged.

    Example:
        >>> list(networks())
        ['proposal', 'refinement', 'output']
    """
    if not WEIGHTS.is_file() or sha256(WEIGHTS) != CHECKSUM:
        raise WeightsError(f"{WEIGHTS} is missing or damaged; install opom_edu again")
    made, weights = nn.ModuleDict(blank_networks()), load_file(WEIGHTS)
    made.load_state_dict({name: value.float() for name, value in weights.items()})
    made.eval().requires_grad_(False)
    return {name: made[name] for name in made}  # type: ignore[misc]


@contextmanager
def one_thread() -> Iterator[None]:
    """Many small calls cost less on one thread: starting and waiting for others would take longer than they help.

    Example:
        >>> with one_thread():
        ...     torch.get_num_threads()
        1
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.no_grad():
            yield
    finally:
        torch.set_num_threads(threads)


def find_faces(pixels: Pixels, *, smallest: int = SMALLEST) -> Array:
    """Where the faces are in a photo: landmarks ``(N, 5, 2)`` of N faces, in pixels.

    Args:
        pixels: the photo ``(H, W, 3)``, uint8 RGB; what is larger than 1000 pixels is first reduced to these.
        smallest: pixels, of those that are looked at, from which on a face is found, at least 12.

    Raises:
        WeightsError: if the networks' weights are missing or damaged.
        ValueError: if ``smallest`` is below 12.

    Example:
        >>> find_faces(np.full((150, 150, 3), 128, np.uint8)).shape  # nobody is in a gray picture
        (0, 5, 2)
    """
    if smallest < 12:
        raise ValueError(f"smallest must be at least 12, got {smallest}")
    share = min(1.0, SCAN / max(pixels.shape))
    size = [max(1, round(side * share)) for side in pixels.shape[1::-1]]
    copy = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)) if share < 1 else pixels
    with one_thread():
        boxes, _ = _looked_at(copy, _proposed(copy, smallest), "refinement", 24)
        _, marks = _looked_at(copy, _squared(boxes), "output", 48)
        found = [look_again(pixels, alignment((own + 0.5) / share - 0.5)) for own in marks]
    return np.array(found, float).reshape(-1, 5, 2)


def look_again(pixels: Pixels, matrix: Array) -> Array:
    """Landmarks ``(5, 2)`` found again on a face that is set upright, where they come out more exactly.

    The last network's points jump by up to ten pixels between boxes that are almost the same: the mean over twelve of them
    and their mirror images is taken.

    Args:
        pixels: the photo ``(H, W, 3)``, uint8 RGB.
        matrix: about the face's alignment ``(2, 3)``, from the photo to a crop of 112 pixels.

    Example:
        >>> crop = (ada.train[0].permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
        >>> look_again(crop, np.eye(2, 3)).shape
        (5, 2)
    """
    whole = 112 + 2 * BORDER
    view = warp(pixels, matrix + np.array([[0, 0, BORDER], [0, 0, BORDER]]), (whole, whole))
    sides = np.round(SIDE * LOOKS[:, 2])
    corners = np.round(MIDDLE + BORDER + SIDE * LOOKS[:, :2] - SIDE * LOOKS[:, 2:] / 2)
    chips = [_cut(view, np.hstack([low, low + side]), 48) for low, side in zip(corners, sides, strict=True)]
    with one_thread():
        seen = _run("output", [*chips, *(chip[:, ::-1] for chip in chips)])[2]
    marks, mirrored = np.split(_points(seen), 2)
    mirrored = (np.array([1, 0]) + np.array([-1, 1]) * mirrored)[:, MIRRORED]
    mean = ((marks + mirrored) / 2 * sides[:, None, None] - 0.5 + corners[:, None]).mean(0) - BORDER
    upright = alignment(mean)
    return moved(moved(mean, upright) - OFFSET, inverse(upright @ np.vstack([matrix, [0, 0, 1]])))


def _proposed(copy: Pixels, smallest: int) -> Array:
    """Squares ``(N, 4)`` that may hold a face: the first network, which sees 12 pixels, on the picture at every size."""
    found, scale = [np.empty((0, 9))], 12 / smallest
    while min(copy.shape[:2]) * scale >= 12:
        size = [int(side * scale + 1) for side in copy.shape[1::-1]]
        scores, shifts = _run("proposal", [np.asarray(cv2.resize(copy, size, interpolation=cv2.INTER_AREA))])
        y, x = np.nonzero(scores[0] > SURE["proposal"])
        corner = 2.0 * np.stack([x, y], 1) + 1  # it looks at every second pixel
        rows = np.hstack([corner / scale, (corner + 11) / scale, scores[0, y, x, None], shifts[0, :, y, x]])
        found.append(rows[_distinct(rows[:, :4], rows[:, 4], 0.5)])
        scale *= STEP
    rows = np.concatenate(found)
    rows = rows[_distinct(rows[:, :4], rows[:, 4], 0.7)]
    return _squared(rows[:, :4] + rows[:, 5:] * np.tile(rows[:, 2:4] - rows[:, :2], 2))


def _looked_at(copy: Pixels, boxes: Array, name: str, size: int) -> tuple[Array, Array]:
    """Those of the boxes ``(N, 4)`` in which a network sees a face, moved as it says, and the landmarks, if it knows any."""
    if not len(boxes):
        return boxes, np.empty((0, 5, 2))
    scores, shifts, *marks = _run(name, [_cut(copy, box, size) for box in boxes])
    sides, last = boxes[:, 2:] - boxes[:, :2] + 1, bool(marks)
    better, keep = boxes + shifts * np.tile(sides, 2), np.flatnonzero(scores > SURE[name])
    keep = keep[_distinct((better if last else boxes)[keep], scores[keep], 0.7, smaller=last)]
    points = _points(marks[0])[keep] * sides[keep, None] + boxes[keep, None, :2] - 1 if last else np.empty((0, 5, 2))
    return better[keep], points


def _run(name: str, pictures: list[Pixels]) -> list[Array]:
    """Of each picture, or each place of one, the score of a face and what the other heads say."""
    given = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float().sub(127.5).div(128)
    scores, *others = networks()[name](given)
    return [scores.softmax(1)[:, 1].double().numpy(), *(other.double().numpy() for other in others)]


def _points(seen: Array) -> Array:
    """Landmarks ``(N, 5, 2)`` in shares of the box, out of a head's ten numbers: first every x, then every y."""
    return seen.reshape(-1, 2, 5).transpose(0, 2, 1)


def _squared(boxes: Array) -> Array:
    half = (boxes[:, 2:] - boxes[:, :2]).max(1, keepdims=True, initial=0) / 2
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    return np.hstack([middle - half, middle + half])


def _cut(pixels: Pixels, box: Array, size: int) -> Pixels:
    """A box out of the picture, black beyond its border."""
    left, top, right, bottom = np.trunc(box).astype(int)
    part = pixels[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
    if not part.size:
        return np.zeros((size, size, 3), np.uint8)
    height, width = pixels.shape[:2]
    beyond = (max(0, -top), max(0, bottom - height), max(0, -left), max(0, right - width))
    part = cv2.copyMakeBorder(part, *beyond, cv2.BORDER_CONSTANT)
    how = cv2.INTER_AREA if len(part) > size else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(part, (size, size), interpolation=how))


def _distinct(boxes: Array, scores: Array, overlap: float, smaller: bool = False) -> NDArray[np.int64]:
    """Places of the boxes, best first, that overlap no better one, as a share of both or of the ``smaller``."""
    order, kept = np.argsort(-scores, kind="stable"), []
    areas = np.prod(boxes[:, 2:] - boxes[:, :2] + 1, 1)
    while len(order):
        first, order = order[0], order[1:]
        kept.append(first)
        low, high = np.maximum(boxes[first, :2], boxes[order, :2]), np.minimum(boxes[first, 2:], boxes[order, 2:])
        shared = np.clip(high - low + 1, 0, None).prod(1)
        whole = np.minimum(areas[first], areas[order]) if smaller else areas[first] + areas[order] - shared
        order = order[shared <= overlap * whole]
    return np.array(kept, int)
