"""What is drawn over the shaded head: short hair and beards, brows and lashes, long hair, glasses."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from synthetic_people.glasses import Glasses
from synthetic_people.hair import Hair, Layer
from synthetic_people.materials import Picture, card_texture, linear
from synthetic_people.rasterizer import draw_cards, draw_ribbons
from synthetic_people.shading import light_hair
from synthetic_people.sitter import Sitter
from synthetic_people.surface import Lights, Surface
from synthetic_people.view import View

Array = NDArray[np.float64]
RELAXED = {2: 0.17, 3: 0.16, 4: 0.19, 5: 0.19, 10: 0.16}  # by how much a frowning brow is tilted up
NEARER = np.array([0.0, 0.0, 0.06])  # decimeters toward the camera, out of the skin's own shadow
LASH = np.array([0.012, 0.010, 0.009])


def draw_layers(
    layers: list[Layer], sitter: Sitter, surface: Surface, view: View, lights: Lights, image: Picture, depth: Array
) -> None:
    """Short hair, as shells over the skin of which each shows what is long enough to reach it."""
    who, kept = sitter.identity, np.ones(len(surface.places))
    for layer in layers:
        front = surface.normals[layer.triangles][:, :, 2].max(1) > -0.3
        triangles, uv = layer.triangles[front], layer.uv[front]
        order = np.argsort(surface.places[triangles][:, :, 2].mean(1))
        # Strands stand up from the skin: their highlights are broad.
        strands = np.stack([0 * kept, -surface.normals[:, 2], surface.normals[:, 1]], 1)
        strands /= np.linalg.norm(strands, axis=1, keepdims=True) + 1e-12
        lit, shine = _lit(
            surface.places,
            surface.normals,
            strands,
            0.1 + 0.9 * surface.attributes[:, 0],
            linear(who.hair_color),
            0.3,
            lights,
        )
        for index in range(layer.count):
            high = (index + 1) / layer.count
            points = surface.places + layer.thickness * high * surface.normals
            points = points - layer.thickness * layer.droop * high**2 * view.turn[:, 1]
            shade = 0.5 + 0.5 * high
            draw_cards(
                view.pixels(points), triangles, order, uv, layer.texture, kept, lit * shade, shine * shade * high,
                0.1 + 0.7 * high, 3.0, layer.most, 0.02, index == layer.count - 1, image, depth,
            )  # fmt: skip


def draw_brows(sitter: Sitter, vertices: Array, view: View, lights: Lights, image: Picture, depth: Array) -> None:
    """Brows and lashes, which move with the face."""
    who, model = sitter.identity, sitter.model
    size = model.size(sitter.vertices)
    brow = linear(who.brow_color) * 0.6
    for key, color, most, behind in (
        (f"brow/{who.brow}", brow, who.brow_cover, 0.07), (f"lash/{who.lash}", LASH, who.lash_cover, 0.03),
    ):  # fmt: skip
        card = model.cards[key]
        points = card.on(vertices, size)
        points = view.seen(_browed(sitter, points) if key.startswith("brow") else points)
        ahead = np.tile([0.0, 0.2, 0.97], (len(points), 1))
        lit, shine = _lit(points + NEARER, ahead, ahead, np.full(len(points), 0.8), color, 0.15, lights)
        draw_cards(
            view.pixels(points), card.triangles, _far_first(points, card.triangles), card.uv, card_texture(key),
            np.ones(len(points)), lit, shine, 0.0, 1.15, most, behind, False, image, depth,
        )  # fmt: skip


def _browed(sitter: Sitter, points: Array) -> Array:
    """A brow in the person's own height, thickness and tilt, its inner end relaxed."""
    high, thick, tilt = sitter.identity.brow_shape
    side = abs(points[:, 0])
    arc = np.polyval(np.polyfit(side, points[:, 1], 2), side)
    y = arc + (points[:, 1] - arc) * (1.1 + 0.28 * thick - 0.15 * sitter.identity.female)
    y += (RELAXED.get(sitter.identity.brow, 0.0) + 0.05 * tilt) * (0.32 - side) + 0.012 + 0.025 * high
    return np.column_stack([points[:, 0], y, points[:, 2]])


def draw_hair(hair: Hair, sitter: Sitter, view: View, lights: Lights, image: Picture, depth: Array) -> None:
    """Long hair, the farthest cards first."""
    points, normals, strands = view.seen(hair.points), hair.normals @ view.turn.T, hair.strands @ view.turn.T
    lit, shine = _lit(points, normals, strands, hair.openness, linear(sitter.identity.hair_color), hair.gloss, lights)
    draw_cards(
        view.pixels(points), hair.triangles, _far_first(points, hair.triangles), hair.uv, hair.texture, hair.kept, lit,
        shine, 0.04, 1.15, 1.0, 0.06, True, image, depth,
    )  # fmt: skip


def draw_glasses(glasses: Glasses, view: View, lights: Lights, image: Picture, depth: Array) -> None:
    """A frame, lit as a thin wire."""
    points = view.seen(glasses.points)
    along = np.gradient(points, axis=1).reshape(-1, 3)
    along /= np.linalg.norm(along, axis=1, keepdims=True) + 1e-12
    flat = points.reshape(-1, 3)
    ahead = np.tile([0.0, 0.3, 0.95], (len(flat), 1))
    lit, shine = _lit(flat + NEARER, ahead, along, np.ones(len(flat)), linear(glasses.color), 1.2, lights)
    widths = np.full(points.shape[:2], glasses.thickness * view.per_decimeter)
    draw_ribbons(view.pixels(points), widths, (lit + shine).reshape(points.shape), 0.9, image, depth)


def _lit(
    places: Array, normals: Array, strands: Array, openness: Array, color: Array, gloss: float, lights: Lights
) -> tuple[Array, Array]:
    lit, shine = np.zeros_like(places), np.zeros_like(places)
    light_hair(places, normals, strands, openness, color, gloss, lights, lit, shine)
    return lit, shine


def _far_first(points: Array, triangles: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.argsort(points[triangles][:, :, 2].mean(1), kind="stable")
