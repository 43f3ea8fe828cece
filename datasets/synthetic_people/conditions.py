"""Under what conditions a photo was taken: everything about it that is not the person."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthetic_people.identity import Identity
from synthetic_people.stored import REGIMES

Array = NDArray[np.float64]
# Between what a photo's numbers lie: on any day, and what is otherwise on a stage.
EVERYDAY = {
    "light_azimuth": (-50, 50), "light_elevation": (5, 60), "light_warmth": (-0.4, 0.5), "light_hardness": (0, 0.7),
    "key": (0.7, 1.3), "ambient": (0.55, 1.0), "ambient_warmth": (-0.4, 0.4), "distance": (8, 16),
    "saturation": (0.85, 1.2), "contrast": (0.9, 1.12), "blur": (0, 0.8), "noise": (0.001, 0.018),
}  # fmt: skip
STAGE = {
    "light_azimuth": (-75, 75), "light_warmth": (-0.8, 0.8), "light_hardness": (0, 1), "ambient": (0.3, 0.7),
    "distance": (14, 40), "blur": (0, 0.35), "noise": (0.001, 0.008),
}  # fmt: skip
# sRGB: whites, grays, charcoal, navy, denim, slate, sage, olive, burgundy, rose, sand, brown, plum, teal.
WARDROBE = np.array([
    [206, 204, 198], [186, 182, 172], [150, 150, 152], [104, 106, 110], [52, 54, 58], [44, 54, 82], [86, 106, 136],
    [100, 116, 128], [128, 142, 120], [92, 94, 66], [104, 46, 54], [176, 136, 134], [186, 166, 138], [104, 80, 64],
    [90, 68, 92], [66, 106, 108],
])  # fmt: skip


@dataclass(frozen=True, eq=False)
class Conditions:
    """One photo's circumstances. Angles are degrees; colors and unnamed numbers are 0 to 1 or relative to 1."""

    yaw: float = 0.0  # positive: the person looks to the picture's right
    pitch: float = 0.0  # positive: down
    roll: float = 0.0
    expression: str = "neutral"
    actions: dict[str, float] = field(default_factory=dict)  # facial actions and their strengths
    light_azimuth: float = 20.0
    light_elevation: float = 35.0
    light_warmth: float = 0.0  # -1 blue to 1 orange
    light_hardness: float = 0.4
    key: float = 1.0
    ambient: float = 0.6
    ambient_warmth: float = 0.0
    rim: float = 0.0
    distance: float = 12.0  # decimeters from the camera to the head: near ones bulge
    background: int = 0  # its seed
    cloth: tuple[float, ...] = (0.3, 0.35, 0.45)
    exposure: float = 1.0
    saturation: float = 1.0
    contrast: float = 1.0
    blur: float = 0.2  # pixels of a 112-pixel crop
    noise: float = 0.006
    jpeg: int = 92
    shift: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0)  # how the crop misses: x, y, scale, turn (shares)
    hair: str = "crop"
    glasses: bool = False
    stubble: float = 0.0
    makeup: float = 0.0
    lipstick: tuple[float, ...] = (0.7, 0.2, 0.25)

    def record(self) -> dict[str, Any]:
        """What a table of photos says about one: the numbers and words, not the colors."""
        names = ("yaw", "pitch", "roll", "expression", "light_azimuth", "light_elevation", "light_hardness", "distance",
                 "exposure", "blur", "noise", "jpeg", "hair", "glasses", "stubble", "makeup")  # fmt: skip
        return {name: getattr(self, name) for name in names}


def sample_conditions(identity: Identity, rng: np.random.Generator, *, regime: str = "common") -> Conditions:
    """Draw a photo's conditions for a person.

    Args:
        regime: "common", everyday photos; "celebrity", changing hair, make-up, glasses and stage light through long
            lenses; "mixed", one of both by chance.

    Raises:
        ValueError: for an unknown regime.
    """
    if regime not in REGIMES:
        raise ValueError(f"unknown regime {regime!r}; choose one of {', '.join(REGIMES)}")
    star = regime == "celebrity" or (regime == "mixed" and rng.random() < 0.5)

    def between(low: float, high: float) -> float:
        return float(rng.uniform(low, high))

    def bell(deviation: float, most: float) -> float:
        """People mostly look at the camera."""
        return float(np.clip(rng.normal(0, deviation), -most, most))

    expression, actions = _expression(rng)
    usual = rng.random() < (0.35 if star else 0.92)
    hair = identity.hair[0] if usual else identity.hair[int(rng.integers(1, len(identity.hair)))]
    wears = identity.glasses is not None and rng.random() < (0.4 if star else 0.75)
    made_up = identity.makeup * between(0.5, 1) if rng.random() < (0.9 if star else 0.5) else 0.0
    shadow = rng.random() < (0.4 if star else 0.25)
    # A crop is placed by a detector, which misses by about a pixel in 112.
    miss = rng.normal(0, (0.008, 0.008, 0.015, 0.015))
    return Conditions(
        yaw=bell(14, 35), pitch=bell(6, 15), roll=bell(5, 10), expression=expression, actions=actions,
        **{name: between(*bounds) for name, bounds in (EVERYDAY | STAGE if star else EVERYDAY).items()},
        rim=between(0.2, 1.2) if star and rng.random() < 0.6 else between(0, 0.35),
        exposure=2 ** between(-0.3, 0.3), jpeg=int(rng.integers(75, 97) if star else rng.integers(60, 95)),
        background=int(rng.integers(1 << 30)), cloth=tuple(_cloth(rng)), lipstick=tuple(_lipstick(rng)),
        shift=tuple(float(value) for value in miss), hair=hair, glasses=wears,
        stubble=between(0.3, 1) if shadow and not identity.female else 0.0, makeup=made_up,
    )  # fmt: skip


def _cloth(rng: np.random.Generator) -> list[float]:
    """A quiet color, as in a wardrobe."""
    color = rng.choice(WARDROBE) / 255
    color = 0.7 * color + 0.3 * color.mean()
    return [float(value) for value in np.clip(color + rng.normal(0, 0.012, 3), 0.03, 0.95)]


def _lipstick(rng: np.random.Generator) -> list[float]:
    depth = rng.uniform(0.38, 0.6)
    return [float(depth), float(depth * rng.uniform(0.3, 0.6)), float(depth * rng.uniform(0.35, 0.6))]


def _expression(rng: np.random.Generator) -> tuple[str, dict[str, float]]:
    """A named expression with blink and gaze, as strengths of facial actions."""
    actions: dict[str, float] = {}
    act = partial(_both_sides, actions, rng)
    strength = float(rng.uniform(0.3, 0.9))
    kind = str(rng.choice(
        ["neutral", "smile", "laugh", "frown", "surprise", "talk", "pout", "smirk"],
        p=[0.32, 0.27, 0.12, 0.05, 0.05, 0.09, 0.05, 0.05],
    ))  # fmt: skip
    if kind in ("smile", "laugh"):
        act("mouthSmile", 0.65 * strength)
        act("cheekSquint", 0.4 * strength)
    if kind == "laugh":
        act("mouthUpperUp", 0.25 + 0.3 * strength)
        act("mouthLowerDown", 0.15 + 0.25 * strength)
        actions["jawOpen"] = 0.08 + 0.16 * strength
    elif kind == "frown":
        act("mouthFrown", 0.3 * strength)
        act("browDown", 0.25 * strength)
    elif kind == "surprise":
        act("eyeWide", 0.5 * strength)
        act("browOuterUp", 0.7 * strength)
        actions |= {"browInnerUp": 0.8 * strength, "jawOpen": 0.25 * strength}
    elif kind == "talk":
        actions |= {"jawOpen": 0.1 + 0.2 * strength, "mouthFunnel": 0.3 * float(rng.random())}
        act("mouthUpperUp", 0.2 * strength)
        act("mouthLowerDown", 0.3 * strength)
    elif kind == "pout":
        actions["mouthPucker"] = 0.6 * strength
    elif kind == "smirk":
        actions["mouthSmileLeft" if rng.random() < 0.5 else "mouthSmileRight"] = 0.7 * strength
    if kind != "surprise" and rng.random() < 0.35:
        actions["browInnerUp"] = float(rng.uniform(0, 0.4))
        act("browOuterUp", actions["browInnerUp"])
    blink = 0.9 if rng.random() < 0.01 else float(rng.uniform(0, 0.1))
    act("eyeBlink", blink, 0.01)
    actions |= _gaze(rng)
    return kind, actions


def _both_sides(
    actions: dict[str, float], rng: np.random.Generator, name: str, strength: float, spread: float = 0.06
) -> None:
    """The two sides of a face are not quite alike."""
    for side in ("Left", "Right"):
        actions[name + side] = float(np.clip(strength + rng.normal(0, spread), 0, 1))


def _gaze(rng: np.random.Generator) -> dict[str, float]:
    """Eyes that look a little aside."""
    side, up = rng.uniform(-0.25, 0.25), rng.uniform(-0.15, 0.15)
    toward, away = ("Left", "Right") if side > 0 else ("Right", "Left")
    height = "eyeLookUp" if up > 0 else "eyeLookDown"
    return {
        f"eyeLookIn{toward}": float(abs(side)), f"eyeLookOut{away}": float(abs(side)),
        f"{height}Left": float(abs(up)), f"{height}Right": float(abs(up)),
    }  # fmt: skip


def direction(azimuth: float, elevation: float) -> Array:
    """The unit vector toward a light at these angles in degrees."""
    a, e = math.radians(azimuth), math.radians(elevation)
    return np.array([math.sin(a) * math.cos(e), math.sin(e), math.cos(a) * math.cos(e)])
