"""What the shading kernels are told: arrays and numbers under their names."""

from __future__ import annotations

from typing import Any, NamedTuple


class Hits(NamedTuple):
    """What each of a picture's samples shows."""

    found: Any  # (H, W) triangle, or -1
    weights: Any  # (H, W, 2) of its second and third corner


class Surface(NamedTuple):
    """The head before the camera; vertices as the camera sees them, ``rest`` as they lie in the base mesh."""

    triangles: Any  # (T, 3)
    part: Any  # (T,)
    uv: Any  # (T, 3, 2) texture coordinates of the corners
    in_window: Any  # (T,) whether the head's texture covers it
    rest: Any  # (V, 3)
    places: Any  # (V, 3)
    normals: Any  # (V, 3)
    along_u: Any  # (V, 3)
    along_v: Any  # (V, 3)
    attributes: Any  # (V, 3) openness, lips, inside of the mouth


class Paint(NamedTuple):
    """What the surface is colored with. Colors are linear."""

    head: Any  # (H, W, 6) color, slope in u and v, how much hair covers
    window: Any  # (4,) where it lies in the texture: left, top, width, height
    iris_texture: Any  # (96, 96, 1) around 1
    eyeball: Any  # (4,) middle and radius of the left one at rest
    neck: Any  # (3,) as the other colors
    eye: Any
    cloth: Any
    lipstick: Any
    lipstick_share: float
    eyeshadow_share: float
    gloss: float
    whites: float  # how bright the eyes' whites are
    iris: float  # its radius, relative to the eyeball's
    collar: float  # decimeters
    neckline: float
    folds: float  # their phase


class Lights(NamedTuple):
    """Directions (unit) and linear colors ``(3,)``, and the key light's shadow map with the rotation into its frame."""

    key: Any
    key_color: Any
    fill: Any
    fill_color: Any
    rim: Any
    rim_color: Any
    sky: Any
    ground: Any
    to_light: Any  # (3, 3)
    shadow: Any  # (SHADOW_SIZE, SHADOW_SIZE)
    hardness: float
