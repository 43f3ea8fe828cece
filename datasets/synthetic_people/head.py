"""The head's shape: MakeHuman's base mesh (CC0) and the targets that move it. Decimeters; y up, z toward the viewer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from synthetic_people.geometry import add_targets, vertex_normals
from synthetic_people.rasterizer import draw_depth, visible_share

Array = NDArray[np.float64]

BODY, LEFT_EYE, RIGHT_EYE, TONGUE, UPPER_TEETH, LOWER_TEETH, LASHES, CARRIER = range(8)
CENTER = np.array([0.0, 7.3, 0.45])  # of the sphere from which openness is looked at
AO_VIEWS, AO_SIZE = 13, 72


@dataclass(frozen=True, eq=False)
class Card:
    """A mesh of textured cards that hangs on the head: hair, brows or lashes."""

    rows: NDArray[np.int64]  # (M, 3) vertices of the head that carry each vertex
    weights: Array  # (M, 3)
    offsets: Array  # (M, 3) decimeters
    triangles: NDArray[np.int64]  # (T, 3)
    uv: NDArray[np.float32]  # (T, 3, 2) where its corners lie in the texture, rows downward
    along: Array | None  # (T, 2) the strands' direction in shares of two edges

    def on(self, vertices: Array, size: Array) -> Array:
        """Its vertices ``(M, 3)`` on a head of this size, relative to the base mesh's."""
        return np.asarray(np.einsum("mk,mkc->mc", self.weights, vertices[self.rows]) + self.offsets * size)


class HeadModel:
    """The mesh, its targets and measures, and what hangs on it."""

    def __init__(self) -> None:
        with (files(__package__) / "head.npz").open("rb") as file, np.load(file, allow_pickle=False) as pack:
            self.rest = pack["vertices"].astype(np.float64)
            self.triangles = pack["triangles"].astype(np.int64)
            self.part = pack["part"].astype(np.int64)
            uv = pack["uv"].astype(np.float64) / 65535
            self.window = pack["window"]  # of the skin's texture: left, top, width and height, in shares of it
            self.cards = {key: _card(pack, key) for key in sorted({n.rpartition("/")[0] for n in pack.files if "/" in n})}
            masks = dict(zip(pack["mask_names"], pack["masks"].astype(np.float64) / 255, strict=True))
            names, ends = pack["names"], [0, *pack["ends"]]
            rows, moves = pack["rows"].astype(np.int64), pack["thousandths"].astype(np.float64) / 1000
        self._rows, self._moves = rows, moves
        self._runs = {str(name): run for name, *run in zip(names, ends[:-1], ends[1:], strict=True)}
        self.targets = {str(name): (rows[a:b], moves[a:b]) for name, a, b in zip(names, ends[:-1], ends[1:], strict=True)}
        self.lips, self.mouth, self.ears, self.lids = (masks[k] for k in ("lips", "inside-mouth", "ears", "eyelids"))
        self.vertex_part = np.full(len(self.rest), CARRIER)
        self.vertex_part[self.triangles.ravel()] = np.repeat(self.part, 3)
        self.eyes = [np.flatnonzero(self.vertex_part == part) for part in (RIGHT_EYE, LEFT_EYE)]
        opaque = self.part != LASHES
        self.opaque, self.opaque_part = self.triangles[opaque], self.part[opaque]
        self.uv = uv[opaque]  # (T, 3, 2) in the skin's texture, rows downward
        left, top, _, height = self.window
        low, high = self.uv.min(1), self.uv.max(1)
        self.in_window = (low[:, 0] > left + 0.003) & (high[:, 1] < top + height) & (self.opaque_part == BODY)
        self.skin = self.triangles[self.part == BODY]
        self._find_marks()
        self.extent = self._extent()

    def _find_marks(self) -> None:
        """Vertices by which a face is measured."""
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
        front = body & (abs(self.rest[:, 0]) < 0.02) & (self.rest[:, 2] > 1.3)
        self.chin = int(np.argmin(np.where(front, abs(self.rest[:, 1] - 6.18), 9)))
        level = body & (self.rest[:, 2] > 0.4) & (abs(self.rest[:, 1] - 6.55) < 0.05)
        jaw = np.where(level, self.rest[:, 0], 0)
        self.jaw = int(jaw.argmin()), int(jaw.argmax())
        rows, moves = self.targets["faceunits:eyeBlinkLeft"]
        upper = int(np.argmin(np.where(self.vertex_part[rows] == BODY, moves[:, 1], 9)))  # what falls farthest
        shut = self.rest[rows[upper]] + moves[upper]
        below = body & (self.rest[:, 1] < self.rest[rows[upper], 1] - 0.04)
        self.lid_edges = int(rows[upper]), int(np.argmin(np.where(below, np.linalg.norm(self.rest - shut, axis=1), 9)))

    def _extent(self) -> tuple[tuple[int, int], ...]:
        """Two vertices each between which the head is wide, high and deep."""
        head = np.flatnonzero((self.vertex_part == BODY) & (self.rest[:, 1] > 6.3) & (self.ears < 0.1))
        places = self.rest[head]
        return tuple((int(head[places[:, k].argmin()]), int(head[places[:, k].argmax()])) for k in range(3))

    def size(self, vertices: Array) -> Array:
        """Width, height and depth of a head, in those of the base mesh's ``(3,)``."""
        return np.array([
            (vertices[b, k] - vertices[a, k]) / (self.rest[b, k] - self.rest[a, k]) for k, (a, b) in enumerate(self.extent)
        ])  # fmt: skip

    def shaped(self, weights: dict[str, float], vertices: Array | None = None) -> Array:
        """The mesh, or ``vertices`` in its place, moved by weighted targets: ``(V, 3)``."""
        moved = (self.rest if vertices is None else vertices).copy()
        runs = np.array([self._runs[name] for name in weights], np.int64).reshape(-1, 2)
        add_targets(moved, self._rows, self._moves, runs[:, 0], runs[:, 1], np.array(list(weights.values()), np.float64))
        return moved

    def landmarks(self, vertices: Array) -> Array:
        """Eyes, nose tip and mouth corners, the right ones first as they stand left in a picture: ``(5, 3)``."""
        pupils = [vertices[eye].mean(0) + np.array([0, 0, 0.13]) for eye in self.eyes]
        right, left = self.mouth_corners
        return np.array([*pupils, vertices[self.nose_tip], vertices[right], vertices[left]])

    def proportions(self, vertices: Array) -> dict[str, float]:
        """Measures of nose, mouth and jaw, in distances between the pupils."""
        right_eye, left_eye, _, right, left = self.landmarks(vertices)
        bridge, base, (upper, lower) = vertices[self.nose_bridge], vertices[self.nose_base], vertices[list(self.lip_edges)]
        measures = {
            "nose width": np.linalg.norm(np.subtract(*vertices[list(self.nostrils)])), "nose length": bridge[1] - base[1],
            "mouth width": np.linalg.norm(right - left), "lips": upper[1] - lower[1],
            "chin": lower[1] - vertices[self.chin][1], "jaw": np.linalg.norm(np.subtract(*vertices[list(self.jaw)])),
            "mouth forward": (upper[2] + lower[2]) / 2 - bridge[2],
        }  # fmt: skip
        return {name: float(measure / np.linalg.norm(right_eye - left_eye)) for name, measure in measures.items()}

    def normals(self, vertices: Array) -> Array:
        """Unit normals of the vertices, ``(V, 3)``."""
        normals = np.zeros_like(vertices)
        vertex_normals(vertices, self.opaque, normals)
        normals[self.vertex_part >= LASHES] = (0, 0, 1)
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


def _card(pack: Mapping[str, NDArray[np.generic]], key: str) -> Card:
    two = pack[f"{key}/weights"].astype(np.float64) / 16384
    return Card(
        pack[f"{key}/rows"].astype(np.int64), np.column_stack([two, 1 - two.sum(1)]),
        pack[f"{key}/offsets"].astype(np.float64) / 10000, pack[f"{key}/triangles"].astype(np.int64),
        pack[f"{key}/uv"].astype(np.float32) / np.float32(65535),
        pack[f"{key}/along"].astype(np.float64) if f"{key}/along" in pack else None,
    )  # fmt: skip
