"""Hair of one person: cards that hang on the head in many styles, and short hair and beards as layers over the skin."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from synthetic_people.geometry import strand_directions, vertex_normals
from synthetic_people.head import AO_VIEWS, CENTER, HeadModel, head_model, look_along
from synthetic_people.identity import Identity
from synthetic_people.materials import Picture, card_texture, smooth_step
from synthetic_people.rasterizer import draw_card_depth, draw_depth, visible_share
from synthetic_people.skin import beard_zone, canvas, hairline, strokes

Array = NDArray[np.float64]
EAR, AO_SIZE = 7.1, 96  # decimeters: from here down hair is stretched; pixels


@dataclass(frozen=True)
class Part:
    """A mesh of cards and how it is worn; lengths in decimeters."""

    mesh: str
    size: tuple[float, float, float] = (1.0, 1.0, 1.0)  # relative to the mesh's width, height and depth
    move: tuple[float, float, float] = (0.0, 0.0, 0.0)
    stretch: float = 1.0  # of what hangs below the ears
    hem: float = 0.0  # height at which it is cut off; 0: it is not
    wave: float = 0.0  # how far hanging hair swings to and fro
    fringe: tuple[float, float, float] | None = None  # hair over the face ends here: height, slope to a side, arch
    braids: int = 0  # strands that the texture is parted into
    gloss: float = 0.6


@dataclass(frozen=True)
class Style:
    """A way to wear hair: cards, or a layer of short hair of some thickness (decimeters)."""

    parts: tuple[Part, ...] = ()
    layer: float = 0.0
    roots: float = 0.94  # how much the hair's color covers the scalp


SLEEK = Part("ponytail01", hem=6.95)
STYLES = {
    "long": Style((Part("long01"),)),
    "shoulder": Style((Part("long01", hem=6.05, gloss=0.5),)),
    "waves": Style((Part("long01", wave=0.055, size=(1.03, 1.01, 1.03), gloss=0.4),)),
    "bob": Style((Part("bob02", fringe=(7.62, 0.5, 0.3)),)),
    "bangs": Style((Part("bob02", fringe=(7.53, 0.0, -0.1)),)),
    "lob": Style((Part("bob02", stretch=1.55, wave=0.03, fringe=(7.78, 0.25, 0.9)),)),
    "round": Style((Part("bob01", fringe=(7.66, 0.45, 0.5), size=(0.95, 0.98, 0.97)),)),
    "curtain": Style((Part("bob01", stretch=1.45, fringe=(7.8, 0.1, 1.1), gloss=0.4),)),
    "ponytail": Style((Part("ponytail01"),)),
    "bun": Style((SLEEK, Part("afro01", size=(0.33, 0.33, 0.33), move=(0, 0.62, -0.55), gloss=0.3))),
    "puff": Style((SLEEK, Part("afro01", size=(0.62, 0.6, 0.6), move=(0, 0.62, -0.35), gloss=0.15))),
    "braid": Style((Part("braid01", fringe=(7.72, 0.35, 0.5)),)),
    "braids": Style((Part("long01", braids=26, gloss=0.2),)),
    "pixie": Style((Part("short03", fringe=(7.66, 0.3, 0.2)),)),
    "cropped": Style((Part("short02"),)),
    "afro": Style((Part("afro01", size=(1.03, 1.04, 1.03), gloss=0.15),)),
    "short afro": Style((Part("afro01", size=(0.95, 0.94, 0.94), gloss=0.15),)),
    "natural": Style(layer=0.17, roots=0.92),
    "tousled": Style((Part("short02"),)),
    "combed": Style((Part("short02", fringe=(7.82, 0.25, 0.1)),)),
    "brushed": Style((Part("short01"),)),
    "slick": Style((Part("short04"),)),
    "side": Style((Part("short03", fringe=(7.76, 0.35, 0.1)),)),
    "crop": Style(layer=0.075, roots=0.85),
    "buzz": Style(layer=0.035, roots=0.75),
    "bald": Style(roots=0.4),
}
BEARD_LAYERS = {"short": 0.03, "full": 0.06, "goatee": 0.035, "mustache": 0.03}


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
    most: float  # cover of a shell


def hang(who: Identity, vertices: Array, part: Part) -> Hair:
    """A style's cards on a person's head at rest."""
    model = head_model()
    card, texture = model.cards[f"hair/{part.mesh}"], card_texture(f"hair/{part.mesh}").copy()
    level = vertices[model.eyes[0]].mean(0)[1] - 7.28
    points = _placed(who, part, card.on(vertices, model.size(vertices)) - (0, level, 0))
    kept = _kept(who, part, points)
    points = points * (-1.0 if who.cut["mirror"] else 1.0, 1, 1) + (0, level, 0)
    texture[..., 0] = 1 + who.cut["contrast"] * (0.5 if part.mesh == "afro01" else 1) * (texture[..., 0] - 1)
    if part.braids:
        _plait(texture, part.braids)
    normals, outward, strands = np.zeros_like(points), points - (0, 7.25, 0.2) - part.move, np.zeros_like(points)
    vertex_normals(points, card.triangles, normals)
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    normals = 0.5 * normals * np.sign((normals * outward).sum(1, keepdims=True) + 1e-9) + 0.6 * outward
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    strand_directions(points, card.triangles, card.along, strands)
    openness, shade = _occlusion(model, vertices, points, normals, card.triangles, card.uv, texture, kept)
    return Hair(texture, card.triangles, card.uv, points, normals, strands, kept, openness, shade, part.gloss)


def _placed(who: Identity, part: Part, points: Array) -> Array:
    """Cards scaled, moved, made longer and wavy."""
    middle = np.array([0, 7.3, 0.2])
    own = 1 + np.array([0.025, 0.02, 0.02]) * max(0.0, 0.3 + who.cut["volume"])
    points = middle + (points - middle) * (np.array(part.size) * own) + part.move
    low = np.minimum(0, points[:, 1] - EAR)
    points[:, 1] += low * (part.stretch * (1 + 0.1 * who.cut["length"]) - 1)
    if part.wave:
        swing = part.wave * smooth_step(7.4, 6.8, points[:, 1])
        turn = 6.5 * points[:, 1] + 3.0 * points[:, 2] + who.seed
        points[:, 0] += swing * np.sin(turn + 2 * np.sign(points[:, 0]))
        points[:, 2] += swing * np.cos(turn)
    return points


def _kept(who: Identity, part: Part, points: Array) -> Array:
    """Which vertices are not cut off."""
    kept = np.ones(len(points))
    if part.fringe:
        height, slope, arch = part.fringe
        side = points[:, 0]
        line = height + 0.04 * who.cut["fringe"] + slope * side - arch * side**2 - 2.2 * smooth_step(0.42, 0.86, abs(side))
        kept = np.maximum(smooth_step(-0.08, 0.08, points[:, 1] - line), smooth_step(0.62, 0.42, points[:, 2])).astype(float)
    if part.hem:
        kept = np.minimum(kept, smooth_step(-0.08, 0.08, points[:, 1] - part.hem - 0.1 * who.cut["length"]))
    return kept


def _plait(texture: Picture, count: int) -> None:
    """Part a texture into braids side by side, each with a pattern of plaits; into ``texture``."""
    rows, columns = np.mgrid[0 : texture.shape[0], 0 : texture.shape[1]].astype(np.float32)
    across = count * columns / texture.shape[1]
    inside = abs(across % 1 - 0.5) * 2  # 0 in the middle of a braid, 1 between two
    plait = np.sin(2 * np.pi * (rows * count / texture.shape[0] * 1.2 + 0.35 * abs(inside)))
    texture[..., 0] *= (1.15 - 0.75 * inside**2) * (1 + 0.3 * plait)


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
        density = hairline(who)
        length = smooth_step(0.06, 0.8, density) * np.clip(0.7 + 0.16 * at.pores, 0.05, 1.1)
        found.append(_layer(density, length, STYLES[name].layer, 0.0))
    if who.beard in BEARD_LAYERS:
        density = beard_zone(who.beard)
        found.append(_layer(density, strokes(density) * (0.3 + 0.7 * density), BEARD_LAYERS[who.beard], 0.5))
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
    texture = np.ascontiguousarray(np.stack([np.clip(0.95 + 0.2 * at.pores, 0.5, 1.5), length], 2).astype(np.float32))
    return Layer(
        texture, triangles[chosen], uv[chosen], thickness, droop, 6 if thickness > 0.05 else 4, 0.85 if droop == 0 else 0.5
    )


@lru_cache(maxsize=1)
def _window() -> tuple[NDArray[np.float32], Array]:
    """Corners of the triangles in the head's texture, in shares of it, as float32 and float64 ``(T, 3, 2)``."""
    model = head_model()
    left, top, width, height = model.window
    corner = (model.uv[model.in_window] - (left, top)) / (width, height)
    return corner.astype(np.float32), corner
