"""Hair of one person: cards that hang on the head in many styles, and short hair and beards as layers over the skin."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from synthetic_people.head import AO_VIEWS, CENTER, HeadModel, head_model, look_along
from synthetic_people.identity import Identity
from synthetic_people.materials import Picture, card_texture, smooth_step
from synthetic_people.rasterizer import draw_card_depth, draw_depth, strand_directions, vertex_normals, visible_share
from synthetic_people.skin import _strokes, beard_zone, canvas, hairline

Array = NDArray[np.float64]
EAR, AO_SIZE = 7.1, 96  # decimeters: from here down hair is stretched; pixels


@dataclass(frozen=True)
class Style:
    """A way to wear hair; lengths in decimeters."""

    mesh: str = ""
    size: tuple[float, float, float] = (1.0, 1.0, 1.0)  # relative to the mesh's width, height and depth
    stretch: float = 1.0  # of what hangs below the ears
    hem: float = 0.0  # height at which it is cut off
    fringe: float = 0.0  # height at which hair over the forehead is cut off; 0: it is not
    layer: float = 0.0  # thickness of hair that is a layer over the scalp
    gloss: float = 0.7


STYLES = {
    "long": Style("long01"), "waves": Style("bob01", stretch=1.6), "bob": Style("bob02", fringe=7.56),
    "bangs": Style("bob01"), "lob": Style("bob02", stretch=1.5), "ponytail": Style("ponytail01"),
    "bun": Style("ponytail01", hem=6.9), "braid": Style("braid01"), "pixie": Style("short03"), "side": Style("short02"),
    "afro": Style("afro01", gloss=0.2), "short afro": Style("afro01", size=(0.9, 0.9, 0.9), gloss=0.2),
    "natural": Style(layer=0.16, gloss=0.2), "brushed": Style("short01"), "tousled": Style("short04"),
    "short": Style("short02", fringe=7.7), "crop": Style(layer=0.09, gloss=0.3), "buzz": Style(layer=0.03, gloss=0.2),
    "bald": Style(),
}  # fmt: skip
BEARD_LAYERS = {"short": 0.03, "full": 0.07, "goatee": 0.035, "mustache": 0.03}


@dataclass(frozen=True, eq=False)
class Hair:
    """Cards on one head at rest, and what they do to the light on it."""

    texture: Picture
    triangles: NDArray[np.int64]
    uv: NDArray[np.float32]
    points: Array  # (M, 3) decimeters
    normals: Array  # (M, 3) half the surface's, half those of a ball
    strands: Array  # (M, 3)
    kept: Array  # (M,) 0 where it is cut off
    openness: Array  # (M,)
    shade: Array  # (V,) openness of the head below it
    gloss: float


@dataclass(frozen=True, eq=False)
class Layer:
    """Short hair over the skin, drawn in ``count`` shells."""

    texture: Picture  # (H, W, 2) luminance and how long it is
    triangles: NDArray[np.int64]
    uv: NDArray[np.float32]
    thickness: float  # decimeters
    droop: float
    count: int


def hang(who: Identity, vertices: Array, name: str) -> Hair | None:
    """A style's cards on a person's head at rest, or None if it has none."""
    style, model = STYLES[name], head_model()
    if not style.mesh:
        return None
    card, texture = model.cards[f"hair/{style.mesh}"], card_texture(f"hair/{style.mesh}")
    points = card.on(vertices, model.size(vertices))
    level = vertices[model.eyes[0]].mean(0)[1] - 7.28
    middle = np.array([0, 7.3 + level, 0.2])
    points = middle + (points - middle) * (np.array(style.size) * (1 + np.array([0.03, 0.02, 0.02]) * who.cut["volume"]))
    low = points[:, 1] < EAR
    stretch = style.stretch * (1 + 0.12 * who.cut["length"])
    points[low, 1] = EAR + (points[low, 1] - EAR) * stretch
    if who.cut["mirror"]:
        points = points * (-1.0, 1, 1)
    kept = _kept(who, style, points - (0, level, 0))
    texture = texture.copy()
    texture[..., 0] = 1 + who.cut["contrast"] * (texture[..., 0] - 1)
    normals, outward, strands = np.zeros_like(points), points - (0, 7.25, 0.2), np.zeros_like(points)
    vertex_normals(points, card.triangles, normals)
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    normals = 0.5 * normals * np.sign((normals * outward).sum(1, keepdims=True) + 1e-9) + 0.6 * outward
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    strand_directions(points, card.triangles, card.along, strands)
    openness, shade = _occlusion(model, vertices, points, normals, card.triangles, card.uv, texture, kept)
    return Hair(texture, card.triangles, card.uv, points, normals, strands, kept, openness, shade, style.gloss)


def _kept(who: Identity, style: Style, points: Array) -> Array:
    """Which vertices are not cut off."""
    kept = np.ones(len(points))
    if style.fringe:
        side = abs(points[:, 0])
        line = style.fringe + 0.05 * who.cut["fringe"] - 2.2 * smooth_step(0.40, 0.86, side)
        kept = np.maximum(smooth_step(-0.10, 0.10, points[:, 1] - line), smooth_step(0.62, 0.42, points[:, 2])).astype(float)
    if style.hem:
        kept = np.minimum(kept, smooth_step(-0.08, 0.08, points[:, 1] - style.hem))
    return kept


def _occlusion(
    model: HeadModel, vertices: Array, points: Array, normals: Array, triangles: NDArray[np.int64],
    uv: NDArray[np.float32], texture: Picture, kept: Array,
) -> tuple[Array, Array]:  # fmt: skip
    """The share of the sky that hair's vertices see ``(M,)``, and the head's under it ``(V,)``."""
    skin = model.normals(vertices)
    blocked, seen, under, above = (np.full(n, 1e-6) for n in (len(points), len(points), len(skin), len(skin)))
    for view in range(AO_VIEWS):
        height, turn = 1 - 2 * (view + 0.5) / AO_VIEWS, view * 2.399963
        ring = math.sqrt(1 - height * height)
        toward = np.array([ring * math.cos(turn), height, ring * math.sin(turn)])
        frame, scale = look_along(toward), (AO_SIZE / 5.4, AO_SIZE / 5.4, 1)
        hair, head = ((p - CENTER) @ frame.T * scale + (AO_SIZE / 2, AO_SIZE / 2, 0) for p in (points, vertices))
        depth = np.full((AO_SIZE, AO_SIZE), -1e9)
        draw_card_depth(hair, triangles, uv, texture, kept, depth)
        visible_share(head, skin, toward, depth, 0.06, under, above)
        draw_depth(head, model.opaque, depth)
        visible_share(hair, normals, toward, depth, 0.10, blocked, seen)
    open_ = np.clip(1 - blocked / seen, 0.06, 1) ** 0.75
    return 0.25 + 0.75 * open_, np.clip(1 - under / above, 0.15, 1) ** 0.8


def layers(who: Identity, name: str) -> list[Layer]:
    """The short hair of a style and the beard."""
    found = []
    if STYLES[name].layer:
        at = canvas()
        density = at.scalp * hairline(who)
        length = smooth_step(0.06, 0.95, density) * np.clip(0.62 + 0.2 * at.pores / 1.2, 0.05, 1.1)
        found.append(_layer(density, length, STYLES[name].layer, 0.0))
    if who.beard in BEARD_LAYERS:
        density = beard_zone(who.beard)
        found.append(_layer(density, _strokes(density) * (0.35 + 0.65 * density), BEARD_LAYERS[who.beard], 0.5))
    return found


def _layer(density: Picture, length: Picture, thickness: float, droop: float) -> Layer:
    model, at = head_model(), canvas()
    uv, corner = _window()
    rows, columns = at.shape
    where = np.zeros(len(model.rest))
    column, row = (corner.reshape(-1, 2) * (columns, rows)).astype(int).clip(0, (columns - 1, rows - 1)).T
    where[model.opaque[model.in_window].ravel()] = density[row, column]
    triangles = model.opaque[model.in_window]
    chosen = (where[triangles] > 0.02).any(1)
    texture = np.ascontiguousarray(np.stack([np.clip(0.95 + 0.12 * at.pores, 0.7, 1.25), length], 2).astype(np.float32))
    return Layer(texture, triangles[chosen], uv[chosen], thickness, droop, 6 if thickness > 0.05 else 4)


@lru_cache(maxsize=1)
def _window() -> tuple[NDArray[np.float32], Array]:
    """Corners of the triangles in the head's texture, in shares of it, as float32 and float64 ``(T, 3, 2)``."""
    model = head_model()
    left, top, width, height = model.window
    corner = (model.uv[model.in_window] - (left, top)) / (width, height)
    return corner.astype(np.float32), corner
