"""Colors, textures that are read once, and what stands behind a person."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Picture = NDArray[np.float32]
HAIR_MEAN = 96  # of hair textures' luminance


def linear(color: Array) -> Array:
    """Linear light from sRGB, by the usual power of 2.2."""
    return np.asarray(np.power(np.clip(color, 0, 1), 2.2))


def linear_from_lab(color: Picture) -> Picture:
    """Linear light ``(H, W, 3)`` from Lab."""
    return np.asarray(np.clip(cv2.cvtColor(color.astype(np.float32), cv2.COLOR_LAB2LRGB), 0.002, 1))


@lru_cache(maxsize=1)
def _packed() -> dict[str, NDArray[np.uint8]]:
    with (files(__package__) / "textures.npz").open("rb") as file, np.load(file, allow_pickle=False) as pack:
        return {name: pack[name] for name in pack.files}


@lru_cache(maxsize=64)
def picture(name: str) -> NDArray[np.uint8]:
    """One of the packed pictures as it was stored, colors in OpenCV's order."""
    return np.asarray(cv2.imdecode(_packed()[name], cv2.IMREAD_UNCHANGED))


@lru_cache(maxsize=32)
def card_texture(key: str) -> Picture:
    """Luminance around 1 and cover of a hair, brow or lash ``(H, W, 2)``."""
    packed = picture(key).astype(np.float32)
    if packed.shape[2] == 3:  # brows and lashes have no luminance of their own
        cover = packed[..., 1] / 255
        return np.ascontiguousarray(np.stack([np.ones_like(cover), cover], 2))
    return np.ascontiguousarray(np.stack([packed[..., 1] / HAIR_MEAN, packed[..., 3] / 255], 2))


@lru_cache(maxsize=1)
def iris_texture() -> Picture:
    """A gray iris ``(96, 96, 1)`` around 1."""
    return np.ascontiguousarray(picture("iris").astype(np.float32)[..., None] / 128)


def noise(rng: np.random.Generator, shape: tuple[int, int], cells: int) -> Picture:
    """Smooth noise of about unit deviation with about ``cells`` bumps across."""
    coarse = rng.standard_normal((max(2, cells * shape[0] // shape[1]), cells)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC))


def smooth_step(low: float, high: float, x: Picture | Array) -> Picture:
    """0 below ``low``, 1 above ``high``, smooth between them; downward if ``high`` is the lower one."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def background(seed: int, height: int, width: int) -> NDArray[np.float32]:
    """What stands behind a person, out of focus, linear light ``(height, width, 3)``: a wall, a room, trees or lights."""
    rng = np.random.default_rng([seed, 8])
    kind = rng.integers(4)
    hue = np.array(((0.62, 0.60, 0.56), (0.45, 0.42, 0.40), (0.35, 0.45, 0.30), (0.10, 0.11, 0.16))[kind])
    base = np.clip(hue * rng.uniform(0.5, 1.4) + rng.normal(0, 0.03, 3), 0.02, 0.95)
    small = np.empty((48, 48, 3), np.float32)
    rows, columns = np.mgrid[0:48, 0:48].astype(np.float32) / 48
    turn = rng.uniform(0, 6.28)
    slope = 1 + 0.35 * (np.cos(turn) * (rows - 0.5) + np.sin(turn) * (columns - 0.5))
    small[:] = base * slope[..., None]
    for _ in range((2, 9, 26, 22)[kind]):
        tint = np.clip(
            base
            + rng.normal(0, (0.04, 0.14, 0.10, 0.2)[kind])
            + rng.normal(0, (0.02, 0.05, 0.05, 0.1)[kind], 3)
            + (kind == 3) * 0.25,
            0.01,
            1,
        )
        row, column = int(rng.integers(-8, 48)), int(rng.integers(-8, 48))
        if kind == 1:
            end = (column + int(rng.integers(4, 24)), row + int(rng.integers(6, 40)))
            cv2.rectangle(small, (column, row), end, tint.tolist(), -1)
        else:
            radius = int(rng.integers(*((10, 24), (0, 0), (2, 9), (1, 4))[kind]))
            cv2.circle(small, (8 * column, 8 * row), 8 * radius, tint.tolist(), -1, cv2.LINE_AA, 3)
    small = cv2.GaussianBlur(small, (0, 0), float(rng.uniform(*((3, 6), (1.6, 3), (1, 3), (0.9, 1.6))[kind])))
    muted = linear(0.45 * small + 0.55 * small.mean(2, keepdims=True)).astype(np.float32)
    return np.asarray(cv2.resize(muted, (width, height), interpolation=cv2.INTER_LINEAR))
