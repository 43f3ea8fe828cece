"""The head's texture of one person: blended skins, shifted to the person's tone, and what grows on them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from synthetic_people.head import head_model
from synthetic_people.identity import Identity
from synthetic_people.materials import Picture, linear, linear_from_lab, noise, picture, smooth_step
from synthetic_people.rasterizer import draw_triangles
from synthetic_people.texels import grow, root, tint

FINER = 2  # than the packed skins
STUBBLE = {"none": 0.05, "stubble": 0.42, "short": 0.5, "full": 0.6, "goatee": 0.3, "mustache": 0.25}  # on shaved cheeks too
GROWN = {"short": 0.75, "full": 0.85, "goatee": 0.8, "mustache": 0.75}  # cover of strokes where the beard is dense


@dataclass(frozen=True, eq=False)
class Canvas:
    """The head's texture ``(H, W)`` and what lies where on the base mesh."""

    x: Picture  # decimeters, as the mesh
    y: Picture
    z: Picture
    lips: Picture  # 0 to 1, sharp at their edge
    known: Picture  # 1 where a triangle lies
    scalp: Picture  # 0 to 1 where hair grows
    pores: Picture  # unit noise
    strokes: Picture  # noise drawn out downward on the face, 0 to 1
    blood: Picture  # where cheeks, nose and chin redden

    @property
    def shape(self) -> tuple[int, int]:
        return self.x.shape[0], self.x.shape[1]


@lru_cache(maxsize=1)
def canvas() -> Canvas:
    """The one layout of all heads' textures."""
    model = head_model()
    height, width = (FINER * size for size in picture("scalp").shape)
    left, top, wide, high = model.window
    corners = (model.uv[model.in_window] - (left, top)) / (wide, high) * (width, height)
    points = np.concatenate([corners, np.zeros((len(corners), 3, 1))], 2).reshape(-1, 3)
    triangles = np.arange(len(points)).reshape(-1, 3)
    depth, found, weights = np.full((height, width), -9.0), np.full((height, width), -1), np.zeros((height, width, 2))
    draw_triangles(points, triangles, np.zeros(len(triangles), np.bool_), depth, found, weights)
    shares = np.concatenate([1 - weights.sum(2, keepdims=True), weights], 2)
    values = np.column_stack([model.rest, model.lips])[model.opaque[model.in_window][found]]
    place = np.einsum("hwk,hwkc->hwc", shares, values).astype(np.float32)
    known = (found >= 0).astype(np.float32)
    place[found < 0] = (0, 0, -9, 0)
    rng = np.random.default_rng(3)
    fine = rng.standard_normal((2, height, width)).astype(np.float32)
    pores = 1.2 * cv2.GaussianBlur(fine[0], (0, 0), 0.7) + 1.6 * cv2.GaussianBlur(fine[1], (0, 0), 1.4)
    drawn = cv2.GaussianBlur(fine[0], (0, 0), sigmaX=1.8, sigmaY=0.5)
    drawn = np.clip(0.5 + 0.25 * drawn / drawn.std(), 0, 1)
    scalp = cv2.resize(picture("scalp").astype(np.float32) / 255, (width, height), interpolation=cv2.INTER_CUBIC).clip(0, 1)
    x, y, z, lips = (place[..., k].copy() for k in range(4))

    def spot(at_x: float, at_y: float, wide: float, high: float) -> Picture:
        return np.asarray(np.exp(-(((abs(x) - at_x) / wide) ** 2) - ((y - at_y) / high) ** 2) * (z > 0), np.float32)

    blood = spot(0.42, 6.93, 0.2, 0.17) + 0.6 * spot(0, 6.93, 0.13, 0.12) + 0.25 * spot(0, 6.3, 0.22, 0.12)
    return Canvas(x, y, z, smooth_step(0.3, 0.8, lips), known, scalp, pores, drawn, blood)


@lru_cache(maxsize=24)
def _relative(name: str) -> Picture:
    """A packed skin in Lab, relative to the median of its face."""
    lab = cv2.cvtColor(picture(f"skin/{name}").astype(np.float32)[..., ::-1] / 255, cv2.COLOR_RGB2LAB)
    at = canvas()
    face = (at.z > 0.8) & (at.y > 6.4) & (at.y < 7.9) & (abs(at.x) < 0.6) & (at.lips < 0.1)
    return np.asarray(lab - np.median(lab[face[::FINER, ::FINER]], axis=0))


def paint_skin(who: Identity) -> Picture:
    """The head's texture ``(H, W, 6)``: linear color, slopes of the surface in u and v, and how much hair covers it."""
    at, rng = canvas(), np.random.default_rng([who.seed, 5])
    lab, height = _base(who)
    dark, female = who.melanin, float(who.female)
    strengths = (
        who.tone[0] / 75, 0.55 - 0.25 * dark, -1.6 * who.blush, (5.5 - 3 * dark) * who.blush, (0.5 - 0.3 * dark) * who.blush,
        -1 - 1.5 * female - who.lips, (3.5 - 1.5 * dark + 3.5 * female * (1 - 0.5 * dark)) * (1 + 0.5 * who.lips),
    )  # fmt: skip
    broad, middle = noise(rng, at.shape, 12), noise(rng, at.shape, 60)
    tint(lab, who.tone, at.blood, at.lips, at.pores, broad, middle, tuple(map(float, strengths)))
    _spots(lab, who, rng)
    cover = np.zeros(at.shape, np.float32)
    if not who.female:
        cover = beard_zone("stubble") * (STUBBLE[who.beard] * (0.85 + 0.2 * at.pores))
    if who.beard in GROWN:
        cover = np.maximum(cover, strokes(beard_zone(who.beard)) * np.float32(GROWN[who.beard]))
    cover = np.clip(cover, 0, 0.9).astype(np.float32)
    height += np.float32(0.02 * (1 + 0.012 * max(0.0, who.age - 30))) * at.pores + np.float32(0.12) * cover * at.strokes
    skin = np.empty((*at.shape, 6), np.float32)
    grow(linear_from_lab(lab), cover, linear(who.hair_color) * 0.6 + 0.008, height, skin)
    return skin


def neck_color(who: Identity) -> NDArray[np.float64]:
    """Linear color of the skin below the head's texture ``(3,)``."""
    lab = (who.tone + np.array([-2.5, 0.3, 0.2])).astype(np.float32).reshape(1, 1, 3)
    return linear_from_lab(lab)[0, 0].astype(np.float64)


def _base(who: Identity) -> tuple[Picture, Picture]:
    """Relative Lab of the blended skins, and the relief that their small shadows tell of."""
    at = canvas()
    mixed = sum(share * _relative(name) for name, share in who.textures)
    old = float(np.clip((who.age - 42) / 30, 0, 1))
    chroma = who.uneven * (0.9 - 0.35 * who.melanin)
    contrast = who.uneven * (1 + old * (0.05 - 0.35 * who.melanin))
    small = mixed * np.array([contrast, chroma, chroma], np.float32) * _shown()
    small += _neck() * (np.array([-2.5, 0.3, 0.2], np.float32) - 0.85 * small)
    light = small[..., 0]
    light += 0.4 * (light - cv2.GaussianBlur(light, (0, 0), 1.2))
    relief = (0.03 + 0.012 * old) * (light - cv2.GaussianBlur(light, (0, 0), 1.75))
    both = cv2.resize(np.dstack([small, relief]).astype(np.float32), at.shape[::-1], interpolation=cv2.INTER_CUBIC)
    return np.ascontiguousarray(both[..., :3]), np.ascontiguousarray(both[..., 3])


@lru_cache(maxsize=1)
def _shown() -> Picture:
    """How much a packed skin tells ``(H, W, 1)``: little where hair was painted on it."""
    return np.asarray(1 - 0.85 * np.minimum(1, 2 * canvas().scalp[::FINER, ::FINER])[..., None], np.float32)


@lru_cache(maxsize=1)
def _neck() -> Picture:
    """1 on the neck ``(H, W, 1)``, where the texture must meet the rest of the body."""
    at = canvas()
    return (smooth_step(6.35, 6.0, at.y) * (at.z > -0.9) * at.known)[::FINER, ::FINER, None]


def _spots(lab: Picture, who: Identity, rng: np.random.Generator) -> None:
    """Freckles and moles, into ``lab``."""
    at = canvas()
    if who.freckles > 0.03:
        spots = np.clip((noise(rng, at.shape, 150) - 1.0) * 1.4, 0, 1) * np.exp(-(((at.y - 7.05) / 0.28) ** 2)) * (at.z > 0)
        lab -= min(1.0, who.freckles) * spots[..., None] * np.array([9, -4, -6], np.float32)
    for x, y, radius, darkness in who.moles:
        near = np.exp(-((((at.x - x) ** 2 + (at.y - y) ** 2) / radius**2) ** 1.5)) * (at.z > 0)
        lab[..., 0] -= 26 * darkness * near


@lru_cache(maxsize=8)
def beard_zone(kind: str) -> Picture:
    """Where a beard grows ``(H, W)``, 0 to 1, fading toward its edge: "mustache", "goatee", or all of it."""
    at, side = canvas(), abs(canvas().x)
    y, z = at.y, at.z
    mustache = np.exp(-(((y - 6.805 + 0.10 * side) / 0.06) ** 2)) * smooth_step(0.36, 0.20, side) * (z > 0.7)
    chin = smooth_step(0.34, 0.18, side) * smooth_step(6.58, 6.46, y) * smooth_step(6.05, 6.25, y) * (z > 0.4)
    grown = np.maximum(mustache, chin)
    if kind not in ("mustache", "goatee"):
        jaw = smooth_step(6.98, 6.55, y - 0.62 * np.clip(side - 0.36, 0, 0.4)) * smooth_step(5.98, 6.2, y)
        jaw *= smooth_step(0.30, 0.80, z + 0.6 * np.clip(6.75 - y, 0, 1))
        cheek = smooth_step(0.18, 0.36, side + 0.75 * np.clip(6.78 - y, 0, 1))
        grown = np.maximum(mustache, jaw * np.maximum(cheek, chin))
    elif kind == "mustache":
        grown = mustache
    lips = np.clip(2.2 * cv2.GaussianBlur(at.lips, (0, 0), 2), 0, 1)
    return np.asarray(cv2.GaussianBlur(grown * (1 - lips) * at.known, (0, 0), 7), np.float32)


def strokes(density: Picture) -> Picture:
    """Cover of short strokes, fainter where the beard is thin."""
    return np.asarray(density * np.clip(0.75 + 0.8 * (canvas().strokes - 0.5), 0.4, 1.1), np.float32)


def with_scalp(skin: Picture, who: Identity, roots: float, *, short: bool, bald: bool) -> Picture:
    """The texture with hair's roots on the scalp: how much they cover, and whether one sees where they end."""
    at = canvas()
    cover = roots * _scalp()
    if short:
        cover = (cover * hairline(who, bald=True) if bald else hairline(who) * roots) * (1 + 0.1 * at.pores)
    painted = skin.copy()
    root(painted, cover.astype(np.float32), linear(who.hair_color) * 0.55)
    return painted


@lru_cache(maxsize=1)
def _scalp() -> Picture:
    return np.asarray(canvas().scalp ** 0.8, np.float32)


def hairline(who: Identity, bald: bool = False) -> Picture:
    """1 where the scalp's hair still grows ``(H, W)``, fading over a finger's width."""
    at, side = canvas(), abs(canvas().x)
    if bald:
        return np.asarray(
            smooth_step(0.08, -0.12, at.y - 7.62 - 0.35 * np.clip(0.1 - at.z, 0, 1)) * smooth_step(0.62, 0.40, at.z)
        )
    line = 7.76 + 0.02 * who.female + 0.16 * who.cut["recession"] * (0.35 + 0.9 * np.exp(-(((side - 0.4) / 0.17) ** 2)))
    line = line - 0.9 * np.clip(side - 0.5, 0, 1)
    front = smooth_step(-0.06, 0.10, at.y - line + 0.014 * at.pores)
    back = smooth_step(0.62, 0.40, at.z) * smooth_step(6.5, 6.7, at.y) * np.minimum(1, 1.5 * at.scalp)
    return np.maximum(front, back)
