"""A person in front of a camera: light, exposure, and the file that the camera writes."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from synthetic_people import shading
from synthetic_people.conditions import Conditions, direction
from synthetic_people.cover import draw_brows, draw_glasses, draw_hair, draw_layers
from synthetic_people.geometry import tangents
from synthetic_people.head import BODY, HeadModel, look_along
from synthetic_people.materials import Picture, background, iris_texture, linear
from synthetic_people.rasterizer import draw_card_depth, draw_depth, draw_triangles
from synthetic_people.shading import SHADOW_SCALE, SHADOW_SIZE
from synthetic_people.sitter import Look, Sitter
from synthetic_people.skin import neck_color
from synthetic_people.stored import decode
from synthetic_people.surface import Hits, Lights, Paint, Surface
from synthetic_people.view import TEMPLATE, View, crop_frame, scene_frame

Array = NDArray[np.float64]
__all__ = ["TEMPLATE", "Photo", "Sitter", "take_photo"]


@dataclass(frozen=True, eq=False)
class Photo:
    """What a camera gave, and what is known about its pixels.

    ``pixels (H, W, 3)`` uint8 RGB; ``landmarks (5, 2)`` in pixels; ``jpeg``, the file that the pixels come from; ``texels
    (H, W, 3)`` float32, if they were asked for: u and v of the head's texture (shares, v downward; NaN where no skin of the
    head lies), and the share of the pixel that shows skin, 0 to 1.
    """

    pixels: NDArray[np.uint8]
    landmarks: Array
    jpeg: bytes
    conditions: Conditions
    texels: Picture | None = None


def take_photo(
    sitter: Sitter, conditions: Conditions, *, size: int | tuple[int, int] = 112, margin: float = 0.0,
    scene: tuple[tuple[float, float], float] | None = None, samples: int = 2, texels: bool = False,
) -> Photo:  # fmt: skip
    """Photograph a person.

    Args:
        size: pixels of the square picture's side, or its height and width.
        margin: share of the crop's side added on every side of the ArcFace-aligned crop.
        scene: instead of an aligned crop, where the face's middle is (x, y) and how far eyes and mouth are apart, in
            shares of the picture's height.
        samples: rays per pixel and direction.
        texels: whether to tell where in the head's texture each pixel lies.

    Example:
        >>> from synthetic_people.identity import sample_identity
        >>> photo = take_photo(Sitter(sample_identity(7)), Conditions(), size=64)
        >>> photo.pixels.shape
        (64, 64, 3)
    """
    height, width = (size, size) if isinstance(size, int) else size
    model, shape = sitter.model, (height * samples, width * samples)
    vertices, normals, collar = sitter.dressed(conditions.actions)
    view = View(conditions, height * samples)
    marks = view.plane(view.seen(model.landmarks(vertices)))
    view.frame = crop_frame(marks, margin, conditions.shift) if scene is None else scene_frame(marks, *scene)
    surface = _surface(sitter, conditions, view.seen(vertices), normals @ view.turn.T)
    hits, depth = Hits(np.full(shape, -1), np.zeros((*shape, 2))), np.full(shape, -1e9)
    draw_triangles(view.pixels(surface.places), model.opaque, model.opaque_part == BODY, depth, *hits)
    image = np.dstack([background(conditions.background, *shape), np.zeros(shape, np.float32)])
    look = sitter.look(conditions.hair)
    lights = _lights(conditions, surface, look, view)
    shading.shade_surface(hits, surface, _paint(sitter, conditions, look, collar), lights, image)
    exposure = _exposure(image, hits.found, model, conditions)
    draw_layers(look.layers, sitter, surface, view, lights, image, depth)
    draw_brows(sitter, vertices, view, lights, image, depth)
    for hair in look.hair:
        draw_hair(hair, sitter, view, lights, image, depth)
    if conditions.glasses and sitter.glasses is not None:
        draw_glasses(sitter.glasses, view, lights, image, depth)
    jpeg = _develop(image, exposure, conditions, (height, width))
    landmarks = (marks @ view.frame[:, :2].T + view.frame[:, 2]) * height
    where = _texels(hits, surface, image, samples) if texels else None
    return Photo(decode(jpeg), landmarks, jpeg, conditions, where)


def _surface(sitter: Sitter, conditions: Conditions, places: Array, normals: Array) -> Surface:
    """The head as the camera sees it."""
    model = sitter.model
    along_u, along_v = np.zeros_like(places), np.zeros_like(places)
    tangents(places, model.opaque, model.uv, along_u, along_v)
    openness = np.prod([sitter.openness, *(hair.shade for hair in sitter.look(conditions.hair).hair)], axis=0)
    attributes = np.stack([openness, model.lips, model.mouth], 1)
    return Surface(
        model.opaque, model.opaque_part, model.uv, model.in_window, model.rest, places, normals, along_u, along_v, attributes
    )


def _paint(sitter: Sitter, conditions: Conditions, look: Look, collar: float) -> Paint:
    """Colors of the person in a photo's clothes and make-up."""
    who, model = sitter.identity, sitter.model
    left = model.rest[model.eyes[1]]
    eyeball = np.array([*(left.min(0) + left.max(0)) / 2, np.ptp(left[:, 0]) / 2])
    return Paint(
        look.skin, model.window, iris_texture(), eyeball, neck_color(who),
        linear(who.eye_color) * (0.65 - 0.3 * who.melanin),
                linear(np.array(conditions.cloth)), linear(np.array(conditions.lipstick)) * (1 - 0.35 * who.melanin),
        lipstick_share=0.9 * conditions.makeup, eyeshadow_share=0.6 * conditions.makeup, gloss=0.75,
        whites=0.56 * (1 - 0.48 * who.melanin), iris=who.iris, collar=collar, neckline=0.1 * (who.seed % 4),
        folds=float(conditions.background % 7),
    )  # fmt: skip


def _lights(conditions: Conditions, surface: Surface, look: Look, view: View) -> Lights:
    """Key, fill, rim and sky of a photo, and the key light's shadow."""
    c = conditions

    def tinted(strength: float, warmth: float) -> Array:
        return strength * np.array([1 + 0.18 * warmth, 1.0, 1 - 0.22 * warmth])

    key, side = direction(c.light_azimuth, c.light_elevation), float(np.sign(c.light_azimuth or 1))
    to_light, sky = look_along(key), 0.95 * tinted(c.ambient, c.ambient_warmth)
    shadow = np.full((SHADOW_SIZE, SHADOW_SIZE), -1e9)

    def lit(points: Array) -> Array:
        scale, middle = (SHADOW_SCALE, SHADOW_SCALE, 1), (SHADOW_SIZE / 2, SHADOW_SIZE / 2, 0)
        return np.asarray(points @ to_light.T * scale + middle)

    draw_depth(lit(surface.places), surface.triangles, shadow)
    for hair in look.hair:
        draw_card_depth(lit(view.seen(hair.points)), hair.triangles, hair.uv, hair.texture, hair.kept, shadow)
    return Lights(
        key, tinted(1.365 * c.key, c.light_warmth), direction(-0.8 * c.light_azimuth - 35 * side, 12), 0.32 * sky,
        direction(180 - c.light_azimuth * 1.3 - 40 * side, 25), tinted(2.0 * c.rim, -c.light_warmth), sky,
        0.475 * tinted(c.ambient, c.ambient_warmth + 0.3), to_light, shadow, c.light_hardness,
    )  # fmt: skip


def _exposure(image: Picture, found: NDArray[np.int64], model: HeadModel, conditions: Conditions) -> float:
    """A camera meters the face it finds: more than half of the way to the same brightness for every skin."""
    h, w = found.shape
    middle = slice(int(0.3 * h), int(0.8 * h), 2), slice(int(0.3 * w), int(0.7 * w), 2)
    skin = (found[middle] >= 0) & (model.opaque_part[found[middle]] == BODY)
    face = image[middle][skin] if skin.any() else image.reshape(-1, 4)
    light = float(np.exp(np.log(np.maximum(face[:, :3] @ (0.2126, 0.7152, 0.0722), 0) + 1e-3).mean()))
    return conditions.exposure * 0.77 * (0.3 / light) ** 0.57


def _texels(hits: Hits, surface: Surface, image: Picture, samples: int) -> Picture:
    """u, v and the share of skin of each pixel ``(H, W, 3)``."""
    inside = (hits.found >= 0) & surface.in_window[hits.found]
    weights = np.concatenate([1 - hits.weights.sum(2, keepdims=True), hits.weights], 2)
    place = np.einsum("hwk,hwkc->hwc", weights, surface.uv[hits.found])
    height, width = (side // samples for side in hits.found.shape)

    def pooled(values: Array | Picture) -> Array:
        return np.asarray(values.reshape(height, samples, width, samples, -1).mean((1, 3)), np.float64)

    with np.errstate(invalid="ignore"):
        where = pooled(np.where(inside[..., None], place, 0)) / pooled(inside.astype(float))
    return np.concatenate([where, pooled(image[..., 3])], 2).astype(np.float32)


def _film(light: Picture) -> Picture:
    """A film's response: a soft shoulder, colors a little paler."""
    gray = light.mean(2, keepdims=True)
    light = gray + 0.94 * (light - gray)
    return np.asarray(light * (2.2 * light + 0.03) / (light * (2.05 * light + 0.62) + 0.14) * (2.05 / 2.2 * 0.985))


def _develop(image: Picture, exposure: float, conditions: Conditions, size: tuple[int, int]) -> bytes:
    """Light to a JPEG file: exposure, tone curve, saturation, lens blur, sensor noise."""
    height, width = size
    light = np.maximum(image[..., :3], 0) * np.float32(exposure)
    light = cv2.resize(light, (width, height), interpolation=cv2.INTER_AREA)
    if conditions.blur > 0.05:
        light = cv2.GaussianBlur(light, (0, 0), conditions.blur * height / 112)
    tone = _film(light)
    gray = tone.mean(2, keepdims=True)
    tone = np.clip(gray + conditions.saturation * (tone - gray), 1e-5, 1) ** (1 / 2.2)
    tone = np.clip(0.5 + conditions.contrast * (tone - 0.5), 0, 1)
    noise = np.random.default_rng([conditions.background, 9]).standard_normal(tone.shape, np.float32)
    picture = np.clip((tone + conditions.noise * noise) * 255 + 0.5, 0, 255).astype(np.uint8)
    _, data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, conditions.jpeg])
    return bytes(data)
