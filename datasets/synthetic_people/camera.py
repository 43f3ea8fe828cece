"""A person in front of a camera: pose, projection, alignment, light, exposure, and the file the camera writes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from synthetic_people import shading
from synthetic_people.conditions import Conditions, direction
from synthetic_people.hair import Ribbons, beard, brows, hairline, scalp_hair, spectacles
from synthetic_people.head import MAP_WIDTH, HeadModel, head_model, look_along
from synthetic_people.identity import Identity
from synthetic_people.materials import COLUMNS, ROWS, background, grain, linear, paint_scalp, paint_skin
from synthetic_people.rasterizer import draw_depth, draw_ribbons, draw_triangles, splat_depth
from synthetic_people.stored import decode

Array = NDArray[np.float64]

# Where ArcFace's alignment puts eyes, nose tip and mouth corners, in shares of the crop's side.
TEMPLATE = np.array([
    [38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041],
]) / 112  # fmt: skip
PIVOT = np.array([0.0, 6.9, 0.5])  # the neck turns around it
EYE_LEVEL = np.array([0.0, 7.28, 1.25])


@dataclass(frozen=True, eq=False)
class Photo:
    """``pixels (H, W, 3)`` uint8 RGB, ``landmarks (5, 2)`` in pixels, and ``jpeg``, the file that the pixels come from."""

    pixels: NDArray[np.uint8]
    landmarks: Array
    jpeg: bytes
    conditions: Conditions


class Sitter:
    """A person ready to be photographed: the head's shape, skin and hair, made once and used for all photos."""

    def __init__(self, identity: Identity) -> None:
        self.identity = identity
        self.model = model = head_model()
        self.vertices = self.shape_of(identity)
        self.attributes = np.stack([model.openness(self.vertices), model.lips, model.mouth, model.ears], 1)
        self.skin = paint_skin(model, identity)
        self.radii = model.radii(self.vertices)
        self.brows = brows(model, identity, self.vertices)
        self.beard = beard(model, identity, self.vertices)
        self.glasses = spectacles(model, identity, self.vertices)
        self._styles: dict[tuple[str, int], tuple[Ribbons, NDArray[np.float32]]] = {}

    @staticmethod
    def shape_of(identity: Identity) -> Array:
        """The person's mesh at rest, the eyes where everybody's are ``(V, 3)``."""
        model = head_model()
        vertices = model.shaped(identity.shape)
        return np.asarray(vertices + EYE_LEVEL - np.mean([vertices[eye].mean(0) for eye in model.eyes], axis=0))

    def hair(self, style: str, seed: int) -> tuple[Ribbons, NDArray[np.float32]]:
        """Strands and painted scalp of a style, kept for the next photo."""
        if (style, seed) not in self._styles:
            height = hairline(self.model, self.identity, style)
            self._styles[style, seed] = (
                scalp_hair(self.model, self.identity, style, seed, height, self.vertices, self.radii),
                paint_scalp(self.identity, style, height),
            )
        return self._styles[style, seed]


@lru_cache(maxsize=1)
def _layout() -> tuple[NDArray[np.float32], Array]:
    """Texels of the triangles' corners in the painted window ``(T, 3, 2)``, and the left eyeball: center and radius."""
    model = head_model()
    corners = model.sphere(model.rest)[model.opaque][:, :, :2]
    behind = np.ptp(corners[:, :, 0], axis=1) > MAP_WIDTH / 2  # across the seam at the back of the head
    corners[behind, :, 0] = np.where(
        corners[behind, :, 0] < MAP_WIDTH / 2, corners[behind, :, 0] + MAP_WIDTH, corners[behind, :, 0]
    )
    corners -= (COLUMNS.start, ROWS.start)
    left = model.rest[model.eyes[1]]
    middle = (left.min(0) + left.max(0)) / 2
    return corners.astype(np.float32), np.array([*middle, np.ptp(left[:, 0]) / 2])


def crop_frame(landmarks: Array, margin: float, shift: tuple[float, ...]) -> Array:
    """The similarity ``(2, 3)`` from the image plane to shares of an ArcFace-aligned crop, ``margin`` of its side added
    on every side."""
    target = (TEMPLATE + margin) / (1 + 2 * margin)
    middle, goal = landmarks.mean(0), target.mean(0)
    source, aim = landmarks - middle, target - goal
    size = (source**2).sum()
    scale = (source * aim).sum() / size + 1j * (source[:, 0] * aim[:, 1] - source[:, 1] * aim[:, 0]).sum() / size
    scale *= (1 + shift[2]) * np.exp(1j * shift[3])
    matrix = np.array([[scale.real, -scale.imag], [scale.imag, scale.real]])
    return np.column_stack([matrix, goal + np.array(shift[:2]) / (1 + 2 * margin) - matrix @ middle])


def scene_frame(landmarks: Array, center: tuple[float, float], span: float) -> Array:
    """The frame of a whole scene: the eyes and mouth around ``center``, ``span`` apart, the head as tilted as it is."""
    scale = span / np.linalg.norm(landmarks[:2].mean(0) - landmarks[3:].mean(0))
    return np.column_stack([np.eye(2) * scale, np.array(center) - scale * landmarks.mean(0)])


def take_photo(
    sitter: Sitter, conditions: Conditions, *, size: int | tuple[int, int] = 112, margin: float = 0.0,
    scene: tuple[tuple[float, float], float] | None = None, samples: int = 2,
) -> Photo:  # fmt: skip
    """Photograph a person.

    Args:
        size: pixels of the square picture's side, or its height and width.
        margin: share of the crop's side added on every side of the ArcFace-aligned crop.
        scene: instead of an aligned crop, where the face's middle is (x, y) and how far eyes and mouth are apart, in
            shares of the picture's height.
        samples: rays per pixel and direction.
    """
    height, width = (size, size) if isinstance(size, int) else size
    model, identity = sitter.model, sitter.identity
    vertices, normals, collar = _dressed(sitter, conditions)
    view = _View(conditions, height * samples)
    marks = view.plane(view.seen(model.landmarks(vertices)))
    view.frame = crop_frame(marks, margin, conditions.shift) if scene is None else scene_frame(marks, *scene)
    places, facing = view.seen(vertices), normals @ view.turn.T
    shape = (height * samples, width * samples)
    depth, found, weights = np.full(shape, -1e9), np.full(shape, -1, np.int64), np.zeros((*shape, 2))
    draw_triangles(view.pixels(places), model.opaque, model.opaque_part == 0, depth, found, weights)

    lights = _lights(conditions)
    to_light = look_along(lights[shading.KEY])
    detail = float(np.clip(view.per_decimeter / 560, 0.2, 1))  # small pictures take fewer and wider strands
    moved = vertices - sitter.vertices
    ribbons = [_posed(group, detail, share, moved, view.seen) for group, share in _worn(sitter, conditions)]
    shadow = _shadow(places, [points for points, _, _ in ribbons], model, to_light)
    image = background(conditions.background, *shape)
    _, scalp = sitter.hair(conditions.hair, conditions.hair_seed)
    layout, eyeball = _layout()
    shading.shade_surface(
        found, weights, model.opaque, model.opaque_part, places, facing, model.rest, layout, sitter.attributes, eyeball,
        sitter.skin, scalp, grain(), _options(identity, conditions, collar), _colors(identity, conditions), lights, to_light,
        shadow, conditions.light_hardness, image,
    )  # fmt: skip
    exposure = _exposure(image, found, model, conditions)
    _draw_lashes(model, view.pixels(places), depth, image)
    for points, widths, group in ribbons:
        base = linear(identity.hair_color if group.color is None else group.color)
        lines = view.pixels(points)
        near = _within(lines, shape)
        points, lines, count = points[near], lines[near], len(points)
        colors = np.empty_like(points)
        tints, depths = group.tints[:count][near], group.depths[:count][near]
        shading.shade_ribbons(points, tints, depths, base, group.shine, lights, to_light, shadow, colors)
        draw_ribbons(lines, widths[near] * view.per_decimeter, colors, 0.9, image, depth)
    jpeg = _develop(image, exposure, conditions, (height, width))
    return Photo(decode(jpeg), (marks @ view.frame[:, :2].T + view.frame[:, 2]) * height, jpeg, conditions)


def _dressed(sitter: Sitter, conditions: Conditions) -> tuple[Array, Array, float]:
    """The mesh with a photo's expression and a shirt's thickness, its normals, and how high the collar lies."""
    model = sitter.model
    vertices = model.shaped(
        {f"faceunits:{name}": strength for name, strength in conditions.actions.items()}, sitter.vertices
    )
    normals = model.normals(vertices)
    collar = 5.78 + 0.02 * (sitter.identity.seed % 5)
    cloth = np.clip((collar - 0.06 - model.rest[:, 1] + 0.35 * abs(model.rest[:, 0])) / 0.1, 0, 1) * (model.vertex_part == 0)
    return vertices + 0.04 * cloth[:, None] * normals, normals, collar


class _View:
    """From the head's own frame to the picture's samples; ``frame (2, 3)``: of the image plane, in shares of the height."""

    def __init__(self, conditions: Conditions, scale: int) -> None:
        self.turn, self.distance, self.scale = _rotation(conditions), conditions.distance, scale
        self.frame = np.zeros((2, 3))  # until it is known where the face is

    def seen(self, points: Array) -> Array:
        """In the camera's directions, around the pivot."""
        return np.asarray((points - PIVOT) @ self.turn.T)

    def plane(self, points: Array) -> Array:
        """On the image plane, y down."""
        return points[..., :2] * (1.0, -1.0) * (self.distance / (self.distance - points[..., 2:] + 0.6))

    def pixels(self, points: Array) -> Array:
        """Column, row and depth in the picture's samples."""
        flat = (self.plane(points) @ self.frame[:, :2].T + self.frame[:, 2]) * self.scale
        return np.concatenate([flat, points[..., 2:]], -1)

    @property
    def per_decimeter(self) -> float:
        return float(self.scale * np.hypot(*self.frame[:, 0]))


def _within(lines: Array, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Which lines have their root, middle or tip in the picture, or 20 samples beside it."""
    near = np.zeros(len(lines), np.bool_)
    for step in (0, lines.shape[1] // 2, -1):
        x, y = lines[:, step, 0], lines[:, step, 1]
        near |= (x > -20) & (x < shape[1] + 20) & (y > -20) & (y < shape[0] + 20)
    return near


def _rotation(conditions: Conditions) -> Array:
    yaw, pitch, roll = (math.radians(angle) for angle in (conditions.yaw, conditions.pitch, conditions.roll))
    about_y = np.array([[math.cos(yaw), 0, math.sin(yaw)], [0, 1, 0], [-math.sin(yaw), 0, math.cos(yaw)]])
    about_x = np.array([[1, 0, 0], [0, math.cos(pitch), -math.sin(pitch)], [0, math.sin(pitch), math.cos(pitch)]])
    about_z = np.array([[math.cos(roll), -math.sin(roll), 0], [math.sin(roll), math.cos(roll), 0], [0, 0, 1]])
    return np.asarray(about_z @ about_x @ about_y)


def _lights(conditions: Conditions) -> Array:
    def tinted(strength: float, warmth: float) -> Array:
        return strength * np.array([1 + 0.18 * warmth, 1.0, 1 - 0.22 * warmth])

    lights = np.zeros((6, 3))
    lights[shading.KEY] = direction(conditions.light_azimuth, conditions.light_elevation)
    lights[shading.KEY_COLOR] = tinted(1.3 * conditions.key, conditions.light_warmth)
    lights[shading.SKY] = tinted(conditions.ambient, conditions.ambient_warmth)
    lights[shading.GROUND] = 0.5 * tinted(conditions.ambient, conditions.ambient_warmth + 0.3)
    lights[shading.RIM] = direction(180 - conditions.light_azimuth * 1.3 - 40 * np.sign(conditions.light_azimuth), 25)
    lights[shading.RIM_COLOR] = tinted(2.0 * conditions.rim, -conditions.light_warmth)
    return lights


def _options(identity: Identity, conditions: Conditions, collar: float) -> Array:
    stubble = max(
        0.55 * conditions.stubble, {"full": 0.75, "short": 0.6}.get(identity.beard, 0.0), 0.0 if identity.female else 0.08
    )
    # The surface reflects alike on every skin, but only on dark skin does it stand out against what comes from below.
    gloss = identity.gloss + 3.6 * identity.melanin**2
    return np.array([
        gloss, stubble, 0.85 * conditions.makeup, conditions.makeup, identity.iris, collar,
        0.1 * (identity.seed % 4),
    ])  # fmt: skip


def _colors(identity: Identity, conditions: Conditions) -> Array:
    dusk = np.array([0.34, 0.26, 0.27]) * (1.1 - 0.6 * identity.melanin)
    own = [
        identity.eye_color,
        identity.lip_color,
        conditions.cloth,
        identity.hair_color * 0.85,
        np.array(conditions.lipstick) * (1 - 0.35 * identity.melanin),
        dusk,
    ]
    return linear(np.array(own))


def _worn(sitter: Sitter, conditions: Conditions) -> list[tuple[Ribbons, float]]:
    """What is drawn over the head, and how much of it thins out in small pictures."""
    strands, _ = sitter.hair(conditions.hair, conditions.hair_seed)
    worn = [(strands, 1.0), (sitter.brows, 0.25)]
    if sitter.beard is not None:
        worn.append((sitter.beard, 0.7))
    if conditions.glasses and sitter.glasses is not None:
        worn.append((sitter.glasses, 0.0))
    return worn


def _posed(
    group: Ribbons, detail: float, share: float, moved: Array, seen: Callable[[Array], Array]
) -> tuple[Array, Array, Ribbons]:
    """A group's ribbons before the camera, following the face's expression: points, widths, and the group itself."""
    keep = 1 - share * (1 - detail)
    count = max(1, int(len(group.points) * keep))
    steps = np.arange(0, group.points.shape[1], group.stride if detail < 0.5 else 1)
    steps[-1] = group.points.shape[1] - 1
    points = group.points[:count, steps]
    if group.roots is not None:
        roots = group.roots
        points = points + np.einsum("mk,mkc->mc", roots.weights[:count], moved[roots.corners[:count]])[:, None]
    return seen(points), group.widths[:count, steps] / keep**0.65, group


def _shadow(places: Array, ribbons: list[Array], model: HeadModel, to_light: Array) -> Array:
    """Depth seen from the key light, of skin and hair."""
    depth = np.full((shading.SHADOW_SIZE, shading.SHADOW_SIZE), -1e9)
    offset = np.array([shading.SHADOW_SIZE / 2, shading.SHADOW_SIZE / 2, 0])
    scale = np.array([shading.SHADOW_SCALE, shading.SHADOW_SCALE, 1])
    draw_depth(places @ to_light.T * scale + offset, model.opaque, depth)
    splat_depth(ribbons[0][:, ::2].reshape(-1, 3) @ to_light.T * scale + offset, depth)
    return depth


def _exposure(image: NDArray[np.float32], found: NDArray[np.int64], model: HeadModel, conditions: Conditions) -> float:
    """A camera meters the face it finds: three fifths of the way to the same brightness for every skin."""
    h, w = found.shape
    middle = slice(int(0.3 * h), int(0.8 * h), 2), slice(int(0.3 * w), int(0.7 * w), 2)
    skin = (found[middle] >= 0) & (model.opaque_part[found[middle]] == 0)
    face = image[middle][skin] if skin.any() else image.reshape(-1, 3)
    light = float(np.exp(np.log(np.maximum(face @ (0.2126, 0.7152, 0.0722), 0) + 1e-3).mean()))
    return conditions.exposure * 0.78 * (0.34 / light) ** 0.6


def _draw_lashes(model: HeadModel, points: Array, depth: Array, image: NDArray[np.float32]) -> None:
    """Lashes as a dark veil."""
    near, veil = depth.copy(), np.full(depth.shape, -1, np.int64)
    draw_triangles(
        points + np.array([0, 0, 0.01]),
        model.lashes,
        np.zeros(len(model.lashes), np.bool_),
        near,
        veil,
        np.zeros((*depth.shape, 2)),
    )
    image[veil >= 0] = 0.35 * image[veil >= 0] + 0.65 * 0.008


def _develop(image: NDArray[np.float32], exposure: float, conditions: Conditions, size: tuple[int, int]) -> bytes:
    """Light to a JPEG file: exposure, tone curve, saturation, lens blur, sensor noise."""
    height, width = size
    light = cv2.resize(np.maximum(image, 0) * exposure, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
    if conditions.blur > 0.05:
        light = cv2.GaussianBlur(light, (0, 0), conditions.blur * height / 112)
    tone = light * (2.51 * light + 0.03) / (light * (2.43 * light + 0.59) + 0.14)  # Narkowicz's fit of the ACES film curve
    gray = tone.mean(2, keepdims=True)
    tone = np.clip(gray + conditions.saturation * (tone - gray), 1e-5, 1) ** (1 / 2.2)
    tone = np.clip(0.5 + conditions.contrast * (tone - 0.5), 0, 1)
    noise = np.random.default_rng([conditions.background, 9]).standard_normal(tone.shape, np.float32)
    picture = np.clip((tone + conditions.noise * noise) * 255 + 0.5, 0, 255).astype(np.uint8)
    _, data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, conditions.jpeg])
    return data.tobytes()
