"""The head's shape: MakeHuman's base mesh (CC0) and the targets that move it. Decimeters; y up, z toward the viewer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from synthetic_people.rasterizer import draw_depth, draw_triangles, vertex_normals, visible_share

Array = NDArray[np.float64]

BODY, LEFT_EYE, RIGHT_EYE, TONGUE, UPPER_TEETH, LOWER_TEETH, LASHES = range(7)
CENTER = np.array([0.0, 7.3, 0.45])  # of the sphere onto which skin and scalp are laid out
MAP_HEIGHT, MAP_WIDTH = 256, 512  # texels of that layout: rows are elevation, columns azimuth
AO_VIEWS, AO_SIZE = 24, 72


@dataclass(frozen=True, eq=False)
class Roots:
    """Points on the skin: a triangle each, and the weights of its three corners."""

    corners: NDArray[np.int64]  # (M, 3) vertices
    weights: Array  # (M, 3)

    def on(self, vertices: Array) -> Array:
        """The points' places ``(M, 3)``, or any other attribute of vertices interpolated."""
        return np.einsum("mk,mkc->mc", self.weights, vertices[self.corners])


class HeadModel:
    """The mesh, its targets, and where each texel of the spherical layout lies on it."""

    def __init__(self) -> None:
        with (files(__package__) / "head.npz").open("rb") as file, np.load(file, allow_pickle=False) as pack:
            self.rest = pack["vertices"].astype(np.float64)
            self.triangles = pack["triangles"].astype(np.int64)
            self.part = pack["part"].astype(np.int64)
            masks = dict(zip(pack["mask_names"], pack["masks"].astype(np.float64) / 255, strict=True))
            names, ends = pack["names"], [0, *pack["ends"]]
            rows, moves = pack["rows"].astype(np.int64), pack["thousandths"].astype(np.float64) / 1000
        self.targets = {str(name): (rows[a:b], moves[a:b]) for name, a, b in zip(names, ends[:-1], ends[1:], strict=True)}
        self.lips, self.mouth, self.ears, self.lids = (masks[k] for k in ("lips", "inside-mouth", "ears", "eyelids"))
        self.vertex_part = np.zeros(len(self.rest), np.int64)
        self.vertex_part[self.triangles.ravel()] = np.repeat(self.part, 3)
        self.eyes = [np.flatnonzero(self.vertex_part == part) for part in (RIGHT_EYE, LEFT_EYE)]
        opaque = self.part != LASHES
        self.opaque, self.opaque_part = self.triangles[opaque], self.part[opaque]
        self.lashes = self.triangles[~opaque]
        self.skin = self.triangles[self.part == BODY]
        body = self.vertex_part == BODY
        middle = body & (abs(self.rest[:, 0]) < 0.03) & (abs(self.rest[:, 1] - 6.92) < 0.12)
        self.nose_tip = int(np.argmax(np.where(middle, self.rest[:, 2], -9)))
        bridge = body & (abs(self.rest[:, 0]) < 0.04)
        self.nose_bridge = int(np.argmin(np.where(bridge, abs(self.rest[:, 1] - 7.24) - 0.3 * self.rest[:, 2], 9)))
        lips = np.flatnonzero(body & (self.lips > 0.5))
        self.mouth_corners = lips[np.argmin(self.rest[lips, 0])], lips[np.argmax(self.rest[lips, 0])]
        middle_lips = lips[abs(self.rest[lips, 0]) < 0.02]
        heights = self.rest[middle_lips, 1]
        self.lip_edges = middle_lips[np.argmax(heights)], middle_lips[np.argmin(heights)]  # upper, lower
        rows, moves = self.targets["nose:nose-nostrils-width-incr"]
        wings = rows[abs(moves[:, 0]) > 0.5 * abs(moves[:, 0]).max()]
        self.nostrils = wings[np.argmin(self.rest[wings, 0])], wings[np.argmax(self.rest[wings, 0])]
        below = body & (abs(self.rest[:, 0]) < 0.015) & (self.rest[:, 2] > 0.8)
        below &= (self.rest[:, 1] < self.rest[self.nose_tip, 1]) & (self.rest[:, 1] > heights.max())
        self.nose_base = int(np.argmin(np.where(below, self.rest[:, 2], 9)))  # where the upper lip begins
        self._lay_out()

    def _lay_out(self) -> None:
        triangles = self.skin[abs(np.ptp(self.sphere(self.rest)[self.skin][:, :, 0], axis=1)) < MAP_WIDTH / 2]
        depth = np.full((MAP_HEIGHT, MAP_WIDTH), -1e9)
        found = np.full(depth.shape, -1, np.int64)
        weights = np.zeros((*depth.shape, 2))
        draw_triangles(self.sphere(self.rest), triangles, np.zeros(len(triangles), np.bool_), depth, found, weights)
        self.texel_corners = triangles[np.maximum(found, 0)]
        self.texel_weights = np.stack([1 - weights.sum(2), weights[..., 0], weights[..., 1]], 2)
        self.texel_known = found >= 0
        self.texel_place = np.einsum("hwk,hwkc->hwc", self.texel_weights, self.rest[self.texel_corners])
        elevation = (0.5 - (np.arange(MAP_HEIGHT) + 0.5) / MAP_HEIGHT) * np.pi
        azimuth = ((np.arange(MAP_WIDTH) + 0.5) / MAP_WIDTH - 0.5) * 2 * np.pi
        self.azimuth, self.elevation = np.meshgrid(azimuth, elevation)
        around = np.stack([
            np.sin(self.azimuth) * np.cos(self.elevation), np.sin(self.elevation),
            np.cos(self.azimuth) * np.cos(self.elevation),
        ], 2)  # fmt: skip
        self.texel_place[~self.texel_known] = (CENTER + around)[~self.texel_known]
        self.texel_lips, self.texel_ears = (
            np.einsum("hwk,hwk->hw", self.texel_weights, mask[self.texel_corners]) for mask in (self.lips, self.ears)
        )

    @staticmethod
    def sphere(points: Array) -> Array:
        """Column, row and radius of points in the spherical layout."""
        x, y, z = np.moveaxis(points - CENTER, -1, 0)
        azimuth, elevation = np.arctan2(x, z), np.arctan2(y, np.hypot(x, z))
        radius = np.sqrt(x * x + y * y + z * z)
        return np.stack([(azimuth / (2 * np.pi) + 0.5) * MAP_WIDTH, (0.5 - elevation / np.pi) * MAP_HEIGHT, radius], -1)

    def shaped(self, weights: dict[str, float], vertices: Array | None = None) -> Array:
        """The mesh, or ``vertices`` in its place, moved by weighted targets: ``(V, 3)``."""
        moved = (self.rest if vertices is None else vertices).copy()
        for name, weight in weights.items():
            rows, moves = self.targets[name]
            moved[rows] += weight * moves
        return moved

    def landmarks(self, vertices: Array) -> Array:
        """Eyes, nose tip and mouth corners, the right ones first as they stand left in a picture: ``(5, 3)``."""
        pupils = [vertices[eye].mean(0) + np.array([0, 0, 0.13]) for eye in self.eyes]
        right, left = self.mouth_corners
        return np.array([*pupils, vertices[self.nose_tip], vertices[right], vertices[left]])

    def proportions(self, vertices: Array) -> dict[str, float]:
        """Measures of nose and mouth, in distances between the pupils."""
        right_eye, left_eye, _, right, left = self.landmarks(vertices)
        bridge, base, (upper, lower) = vertices[self.nose_bridge], vertices[self.nose_base], vertices[list(self.lip_edges)]
        measures = {
            "nose width": np.linalg.norm(np.subtract(*vertices[list(self.nostrils)])), "nose length": bridge[1] - base[1],
            "mouth width": np.linalg.norm(right - left), "lips": upper[1] - lower[1],
            "mouth forward": (upper[2] + lower[2]) / 2 - bridge[2],
        }  # fmt: skip
        return {name: float(measure / np.linalg.norm(right_eye - left_eye)) for name, measure in measures.items()}

    def normals(self, vertices: Array) -> Array:
        """Unit normals of the vertices, ``(V, 3)``."""
        normals = np.zeros_like(vertices)
        vertex_normals(vertices, self.opaque, normals)
        normals[self.vertex_part == LASHES] = (0, 0, 1)
        return normals

    def openness(self, vertices: Array) -> Array:
        """The share of the sky that each vertex sees, 0.1 to 1: ambient occlusion from a ring of depth maps, ``(V,)``."""
        normals = self.normals(vertices)
        blocked, seen = np.zeros(len(vertices)), np.full(len(vertices), 1e-6)
        for view in range(AO_VIEWS):
            height, turn = 1 - 2 * (view + 0.5) / AO_VIEWS, view * 2.399963  # a golden spiral over the sphere
            ring = np.sqrt(1 - height * height)
            direction = np.array([ring * np.cos(turn), height, ring * np.sin(turn)])
            if direction[2] > -0.6:
                seen_from = (vertices - CENTER) @ look_along(direction).T * (AO_SIZE / 4.2, AO_SIZE / 4.2, 1)
                seen_from[:, :2] += AO_SIZE / 2
                depth = np.full((AO_SIZE, AO_SIZE), -1e9)
                draw_depth(seen_from, self.opaque, depth)
                visible_share(seen_from, normals, direction, depth, 0.07, blocked, seen)
        openness = np.clip(1 - blocked / seen, 0.1, 1) ** 0.8
        openness[(self.vertex_part == UPPER_TEETH) | (self.vertex_part == LOWER_TEETH)] = 0.95
        openness[self.vertex_part == TONGUE] = 0.5
        for eye in self.eyes:
            openness[eye] = np.clip(openness[eye] + 0.25, 0.45, 0.95)
        return np.asarray(openness * (1 - 0.6 * self.mouth))

    def radii(self, vertices: Array) -> Array:
        """How far the head, ears and shoulders apart, reaches in each direction of a coarse sphere ``(48, 96)``: what hair
        must stay outside of."""
        points = self.sphere(vertices) * (96 / MAP_WIDTH, 48 / MAP_HEIGHT, 1)
        triangles = self.skin[(self.ears[self.skin].max(1) < 0.3) & (self.rest[self.skin][:, :, 1].min(1) > 6.1)]
        triangles = triangles[np.ptp(points[triangles][:, :, 0], axis=1) < 48]
        radius = np.full((48, 96), -1.0)
        draw_depth(points, triangles, radius)
        for row in radius:
            known = np.flatnonzero(row > 0)
            if len(known):
                row[:] = np.interp(np.arange(96), known, row[known], period=96)
        return np.where(radius > 0, radius, 0.5)

    def sample(self, density: Array, count: int, rng: np.random.Generator) -> Roots:
        """``count`` points on the skin, drawn with the given density over the texels ``(256, 512)``."""
        area = density * np.cos(self.elevation) * self.texel_known
        total = np.cumsum(area.ravel())
        texels = np.searchsorted(total, rng.random(count) * total[-1]).clip(0, area.size - 1)
        weights = self.texel_weights.reshape(-1, 3)[texels] + rng.normal(0, 0.03, (count, 3))
        return Roots(self.texel_corners.reshape(-1, 3)[texels], weights / weights.sum(1, keepdims=True))


@lru_cache(maxsize=1)
def head_model() -> HeadModel:
    """The one mesh that all people are shaped from."""
    return HeadModel()


def look_along(direction: Array) -> Array:
    """A rotation ``(3, 3)`` whose third row is the unit ``direction``."""
    up = np.array([0.0, 1, 0]) if abs(direction[1]) < 0.95 else np.array([1.0, 0, 0])
    right = np.cross(up, direction)
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(direction, right), direction])
