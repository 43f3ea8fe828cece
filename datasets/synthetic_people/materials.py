"""The skin's colors, painted once per person onto the front of the spherical layout."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from synthetic_people.hair import beard_density
from synthetic_people.head import HeadModel
from synthetic_people.identity import Identity

Array = NDArray[np.float64]

# The painted window of the layout; beyond it, the back of the head takes the nearest texel.
ROWS, COLUMNS = slice(6, 222), slice(97, 415)
RED, GREEN, BLUE, BUMP, SCALP, BEARD, EYESHADOW = range(7)


def linear(color: Array) -> Array:
    """Linear light from sRGB, by the usual power of 2.2."""
    return np.asarray(np.power(np.clip(color, 0, 1), 2.2))


def paint_skin(model: HeadModel, identity: Identity) -> NDArray[np.float32]:
    """The skin ``(216, 318, 7)``: linear color, bumps, and the shares of stubble and eye shadow; no hair yet."""
    rng = np.random.default_rng([identity.seed, 5])
    place = model.texel_place[ROWS, COLUMNS].astype(np.float32)
    x, y, azimuth = abs(place[..., 0]), place[..., 1], model.azimuth[ROWS, COLUMNS].astype(np.float32)
    front = (abs(azimuth) < 1.7) & (place[..., 2] > 0)
    broad, middle, fine = _noise(rng, 8), _noise(rng, 48), 0.6 * _noise(rng, 150) + 0.6 * rng.standard_normal(x.shape)
    color = np.empty((*x.shape, 3), np.float32)
    color[:] = identity.skin_color
    color *= (1 + identity.blotches * (0.03 * broad + 0.014 * middle) + 0.01 * fine)[..., None]
    # Blood: cheeks, nose, ears, chin; less blue and green.
    red = (
        0.8 * _spot(x, y, 0.42, 6.92, 0.2, 0.18)
        + 0.7 * _spot(x, y, 0, 6.93, 0.15, 0.13)
        + 0.3 * _spot(x, y, 0, 6.3, 0.25, 0.13)
    )
    red = identity.blush * front * (red * (1 + 0.3 * broad) + 0.25 * np.maximum(0, middle) * identity.blotches)
    color *= 1 + red[..., None] * np.array([0.04, -0.15, -0.13], np.float32)
    # Thin and shaded skin around the eyes; darker there and around the mouth of darker people.
    dark = 0.22 * identity.bags * _spot(x, y, 0.30, 7.14, 0.15, 0.055)
    dark += (0.12 + 0.3 * identity.melanin) * _spot(x, y, 0.31, 7.29, 0.18, 0.1)
    dark = (dark + 0.1 * identity.melanin * _spot(x, y, 0, 6.6, 0.3, 0.14)) * front
    color *= 1 - dark[..., None] * np.array([0.75, 1.0, 0.85], np.float32)
    lines = _wrinkles(rng, x, y) * front * identity.wrinkles
    color *= 1 - 0.20 * lines[..., None]
    if identity.freckles > 0.03:
        spots = np.clip((_noise(rng, 110) - 1.1) * 1.6, 0, 1) * np.exp(-(((y - 7.05) / 0.3) ** 2)) * front
        color *= 1 - 0.5 * min(1, identity.freckles) * spots[..., None] * np.array([0.5, 0.9, 1.0], np.float32)
    for mole_x, mole_y, radius, darkness in identity.moles:
        near = np.exp(-((((place[..., 0] - mole_x) ** 2 + (y - mole_y) ** 2) / radius**2) ** 1.5)) * front
        color *= 1 - 0.85 * darkness * near[..., None]
    skin = np.empty((*x.shape, 7), np.float32)
    skin[..., :3] = linear(np.clip(color, 0.02, 0.98))
    skin[..., BUMP] = 0.02 * fine + 0.015 * middle - 0.25 * lines
    skin[..., SCALP] = 0
    skin[..., BEARD] = beard_density(model, identity, "all")[ROWS, COLUMNS] * np.clip(1 + 0.35 * fine, 0.2, 1.6)
    skin[..., EYESHADOW] = _spot(x, y, 0.32, 7.37, 0.17, 0.075) * front
    return skin


def paint_scalp(identity: Identity, style: str, height: Array) -> NDArray[np.float32]:
    """How much hair color shows through on the scalp under a style, 0 to 1 ``(216, 318)``, thinning toward the hairline."""
    rng = np.random.default_rng([identity.seed, 6])
    ragged = height[ROWS, COLUMNS].astype(np.float32) + 0.03 * _noise(rng, 120) + 0.02 * _noise(rng, 40)
    thick = {"bald": 0.45, "buzz": 0.72}.get(style, 0.93)
    return np.asarray(thick * np.clip((ragged + 0.02) / 0.14, 0, 1) ** 1.3, np.float32)


def _spot(x: Array, y: Array, at_x: float, at_y: float, wide: float, high: float) -> Array:
    return np.asarray(np.exp(-(((x - at_x) / wide) ** 2) - ((y - at_y) / high) ** 2))


def _wrinkles(rng: np.random.Generator, x: Array, y: Array) -> Array:
    """Lines of the forehead, from nose to mouth, at the eyes' corners and between the brows."""
    wander = 0.02 * _noise(rng, 14)
    lines = np.zeros_like(x)
    for height in (7.70, 7.79, 7.88):
        lines += 0.8 * np.exp(-(((y - height - wander) / 0.010) ** 2)) * _ramp(0.46, 0.34, x)
    fold = 0.21 + 0.3 * np.clip(6.98 - y, 0, 0.5)
    lines += 0.8 * np.exp(-(((x - fold) / 0.016) ** 2)) * _ramp(6.52, 6.62, y) * _ramp(7.0, 6.92, y)
    for slope in (-0.3, 0.0, 0.3):
        lines += (
            0.7
            * np.exp(-(((y - 7.27 - slope * (x - 0.5) - 0.4 * wander) / 0.008) ** 2))
            * _ramp(0.50, 0.54, x)
            * _ramp(0.66, 0.60, x)
        )
    return lines + 0.25 * np.exp(-(((x - 0.045) / 0.010) ** 2)) * _spot(x, y, 0.04, 7.5, 0.1, 0.06)


def _ramp(low: float, high: float, x: Array) -> Array:
    return np.clip((x - low) / (high - low), 0, 1)


def _noise(rng: np.random.Generator, cells: int) -> NDArray[np.float32]:
    """Smooth noise of unit deviation with about ``cells`` bumps across the window."""
    height, width = ROWS.stop - ROWS.start, COLUMNS.stop - COLUMNS.start
    coarse = rng.standard_normal((max(2, cells * height // width), cells)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC))


@lru_cache(maxsize=1)
def grain() -> NDArray[np.float32]:
    """A tile of fine noise ``(256, 256)`` for pores, the same for everybody."""
    tile = np.random.default_rng(7).standard_normal((256, 256)).astype(np.float32)
    rolled = tile + np.roll(tile, 1, 0) + np.roll(tile, 1, 1) + np.roll(tile, (1, 1), (0, 1))
    return np.asarray(rolled.clip(-4, 4) / 2, np.float32)


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
            cv2.circle(small, (column, row), radius, tint.tolist(), -1)
    small = cv2.GaussianBlur(small, (0, 0), float(rng.uniform(*((3, 6), (0.9, 2.5), (1, 3), (0.6, 1.5))[kind])))
    muted = linear(0.6 * small + 0.4 * small.mean(2, keepdims=True)).astype(np.float32)
    return np.asarray(cv2.resize(muted, (width, height), interpolation=cv2.INTER_LINEAR))
