"""Who a synthetic person is: everything that stays the same from photo to photo, drawn from one seed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from synthetic_people.shape import bell, sample_shape

Array = NDArray[np.float64]
SKINS = ("light", "medium", "dark")
AGES = ((18, 30), (30, 45), (45, 60), (60, 80))

# sRGB, from the lightest skin to the darkest, from brown to blue eyes, from black to blond hair.
SKIN_TONES = np.array(
    [[228, 190, 170], [220, 178, 154], [204, 160, 134], [178, 132, 106], [142, 99, 77], [108, 73, 57], [78, 53, 43]]
)
EYE_TONES = np.array([[58, 34, 20], [86, 54, 32], [112, 86, 52], [98, 102, 74], [88, 104, 110], [88, 106, 122]])
HAIR_TONES = np.array([[20, 17, 17], [38, 27, 21], [66, 43, 28], [98, 66, 40], [124, 94, 62], [172, 144, 104]])
RED_HAIR, GRAY_HAIR = np.array([112, 64, 42]), np.array([124, 122, 120])

# How often a style is worn: by women and men, and by what factor by people with African hair.
WOMEN = {
    "long": (2.5, 0.2), "shoulder": (2.0, 0.3), "waves": (2.5, 0.7), "bob": (1.5, 0.2), "bangs": (1.3, 0.2),
    "lob": (2.0, 0.3), "round": (0.3, 0.1), "curtain": (0.7, 0.1), "ponytail": (1.6, 0.8), "bun": (2.0, 1.0),
    "braid": (1.3, 0.8), "pixie": (1.2, 0.5), "cropped": (0.6, 0.3), "afro": (0.15, 15.0), "short afro": (0.1, 15.0),
    "puff": (0.1, 18.0), "natural": (0.04, 30.0), "braids": (0.08, 30.0),
}  # fmt: skip
MEN = {
    "tousled": (2.2, 0.1), "combed": (2.2, 0.2), "brushed": (2.5, 0.2), "slick": (2.2, 0.4), "side": (1.6, 0.1),
    "crop": (1.0, 5.0), "buzz": (0.9, 4.0), "bald": (0.06, 1.5), "afro": (0.12, 4.0), "short afro": (0.15, 9.0),
}  # fmt: skip
BEARDS = {"none": 0.50, "stubble": 0.26, "short": 0.13, "full": 0.04, "goatee": 0.04, "mustache": 0.03}  # of men


@dataclass(frozen=True, eq=False)
class Identity:
    """A person. Colors are sRGB in [0, 1]; lengths are decimeters; unnamed numbers run from 0 to 1."""

    seed: int
    female: bool
    age: float  # years
    skin: str  # one of SKINS
    melanin: float
    shape: dict[str, float]  # weights of the head's targets
    tone: Array  # of the skin, CIE Lab (L of 0 to 100)
    textures: tuple[tuple[str, float], ...]  # names of skins and their shares
    eye_color: Array
    iris: float  # radius of the iris as a share of the eyeball's
    hair_color: Array
    gray: float
    brow_color: Array
    brow: int  # which of the twelve
    brow_cover: float
    brow_shape: tuple[float, float, float]  # deviations of its height, thickness and tilt
    lash: int  # which of the four
    lash_cover: float
    freckles: float
    blush: float
    uneven: float  # contrast of the skin, around 1
    lips: float  # deviation of their redness
    moles: tuple[tuple[float, float, float, float], ...]  # x, y, radius, darkness
    hair: tuple[str, ...]  # styles, the usual one first
    cut: dict[str, float]  # how this person's hair differs from the style's
    beard: str  # one of BEARDS
    glasses: dict[str, float] | None
    makeup: float
    rest: dict[str, float]  # facial actions of the face at rest


def sample_identity(seed: int) -> Identity:
    """The person of a seed. Any 24 seeds in a row hold each sex, each of three skin groups and of four age groups alike.

    Raises:
        ValueError: if the seed is negative.

    Example:
        >>> sample_identity(7).skin
        'light'
    """
    if seed < 0:
        raise ValueError(f"the seed of a person must be 0 or more, got {seed}")
    rng = np.random.default_rng([seed, 1])
    female, tone, decade = bool(seed % 2), (seed // 2) % 3, (seed // 6) % 4
    age = float(rng.uniform(*AGES[decade]))
    melanin = (tone + float(rng.uniform(0.02, 0.98))) / 3
    ancestry = rng.dirichlet(((0.05, 0.3, 0.6), (0.25, 0.4, 0.3), (0.9, 0.3, 0.25))[tone])  # looser than skin tone
    shape = sample_shape(rng, female, age, ancestry)
    old = max(0.0, (age - 30) / 50)
    return Identity(
        seed=seed, female=female, age=age, skin=SKINS[tone], melanin=melanin, shape=shape,
        tone=_tone(rng, melanin), textures=_textures(rng, female, age, melanin, ancestry),
        **_colors(rng, female, age, melanin, ancestry),
        iris=0.455 + 0.01 * bell(rng),
        brow=int(rng.choice([1, 2, 3, 4, 5, 8, 10, 12] if female else [1, 1, 8, 8, 9, 12, 12])),
        brow_cover=float(rng.uniform(0.5, 0.95)),
        brow_shape=(bell(rng), bell(rng), bell(rng)),
        lash=int(rng.integers(1, 4)) if female else 1, lash_cover=float(rng.uniform(0.5, 0.8)) if female else 0.4,
        freckles=max(0.0, 0.9 * bell(rng) - 0.5) * max(0.0, 1 - 2.2 * melanin),
        blush=float(np.clip(0.6 + 0.3 * bell(rng), 0.15, 1.1)),
        uneven=1.1 + 0.25 * bell(rng), lips=bell(rng),
        moles=tuple(
            (float(rng.uniform(-0.5, 0.5)), float(rng.uniform(6.3, 7.8)), float(rng.uniform(0.010, 0.017)),
             float(rng.uniform(0.3, 0.65)))
            for _ in range(min(3, rng.poisson(0.8)))
        ),
        hair=_styles(rng, female, age, melanin, float(ancestry[0])),
        cut={
            "mirror": float(rng.random() < 0.5), "volume": bell(rng), "length": bell(rng), "fringe": bell(rng),
            "recession": max(0.0, 0.25 * bell(rng) + 0.8 * old) * (not female), "contrast": float(rng.uniform(0.55, 1)),
        },
        beard="none" if female else str(rng.choice(list(BEARDS), p=list(BEARDS.values()))),
        glasses=_glasses(rng) if rng.random() < 0.18 + 0.22 * old else None,
        makeup=float(rng.random()) if female else 0.0,
        rest={
            "mouthSmile": float(rng.uniform(0.34, 0.6)), "cheekSquint": float(rng.uniform(0.05, 0.2)),
            "browInnerUp": float(rng.uniform(0.2, 0.45)), "browOuterUp": float(rng.uniform(0.15, 0.4)),
        },
    )  # fmt: skip


def with_skin(identity: Identity, skin: str) -> Identity:
    """The same person with the skin tone in the middle of a group; nothing else changes, nor does the tone's own deviation.

    Raises:
        ValueError: for a skin that is not one of SKINS.

    Example:
        >>> with_skin(sample_identity(7), "dark").skin
        'dark'
    """
    if skin not in SKINS:
        raise ValueError(f"unknown skin {skin!r}; choose one of {', '.join(SKINS)}")
    melanin = (SKINS.index(skin) + 0.5) / len(SKINS)
    return replace(identity, skin=skin, melanin=melanin, tone=_tone(np.random.default_rng([identity.seed, 77]), melanin))


def _between(palette: Array, position: float) -> Array:
    """The sRGB color at a position from 0 to 1 along a palette of 0..255 values."""
    place = np.clip(position, 0, 1) * (len(palette) - 1)
    return np.array([np.interp(place, range(len(palette)), channel) for channel in palette.T]) / 255


def _tone(rng: np.random.Generator, melanin: float) -> Array:
    """The skin's color in Lab: from the palette, a little lighter or darker, redder or yellower."""
    color = _between(SKIN_TONES, melanin).astype(np.float32).reshape(1, 1, 3)
    light, *hue = cv2.cvtColor(color, cv2.COLOR_RGB2LAB)[0, 0].astype(float)
    turn, chroma = np.deg2rad(5.5 * bell(rng)), 1 + 0.13 * bell(rng)
    red, yellow = chroma * (1 - 0.14 * melanin) * np.array(hue)
    cos, sin = np.cos(turn), np.sin(turn)
    return np.array([light + 2.2 * bell(rng), red * cos - yellow * sin, red * sin + yellow * cos])


def _textures(
    rng: np.random.Generator, female: bool, age: float, melanin: float, ancestry: Array
) -> tuple[tuple[str, float], ...]:
    """The three skins that fit best and their shares."""
    ages = {
        "young": max(0.0, 1 - abs(age - 22) / 24), "middleage": max(0.0, 1 - abs(age - 46) / 24),
        "old": 0.85 * float(np.clip((age - 46) / 26, 0, 1)),
    }  # fmt: skip
    dark = float(np.clip((melanin - 0.42) / 0.3, 0, 1))
    asian = float(rng.uniform(0.1, 0.9)) if ancestry[1] < 0.5 else 0.85
    kinds = {"african": dark, "asian": (1 - dark) * asian, "caucasian": (1 - dark) * (1 - asian)}
    sex, found = "female" if female else "male", {}
    for age_name, age_share in ages.items():
        for kind, share in kinds.items():
            second = "2" if (age_name, kind) == ("young", "caucasian") and rng.random() < 0.5 else ""
            found[f"{age_name}_{kind}_{sex}{second}"] = age_share * share * float(rng.uniform(0.6, 1.4))
    best = sorted(found.items(), key=lambda pair: -pair[1])[:3]
    total = sum(share for _, share in best)
    return tuple((name, share / total) for name, share in best if share > 0)


def _colors(rng: np.random.Generator, female: bool, age: float, melanin: float, ancestry: Array) -> dict[str, Any]:
    """Of eyes, hair and brows, and how gray the hair is."""
    dark = melanin > 0.42 or ancestry[1] > 0.5
    young = _between(HAIR_TONES, rng.random() * (0.35 if dark else 1.0))
    if not dark and rng.random() < 0.1:
        young = RED_HAIR / 255 * rng.uniform(0.8, 1.2)
    if melanin > 0.58:
        young = young * 0.62
    gray = float(np.clip((age - 50) / 26 + 0.3 * bell(rng), 0, 0.95)) if age > 42 else 0.0
    if female and gray > 0.3 and rng.random() < 0.55:
        gray = 0.0  # dyed
    eye = rng.random() * (0.12 if melanin > 0.6 else 0.28 if dark else 1)
    silver = GRAY_HAIR / 255 * rng.uniform(0.75, 1.05)
    return {
        "eye_color": np.clip(_between(EYE_TONES, eye) * rng.uniform(0.9, 1.15), 0, 1),
        "hair_color": np.clip(young * (1 - gray) + silver * gray, 0, 1), "gray": gray,
        "brow_color": np.clip(young * (1 - 0.5 * gray) * 0.9 + 0.5 * gray * silver * 0.8, 0, 1),
    }  # fmt: skip


def _styles(rng: np.random.Generator, female: bool, age: float, melanin: float, african: float) -> tuple[str, ...]:
    """Three different styles that this person may wear, the usual one first."""
    table = WOMEN if female else MEN
    curly = float(np.clip((african - 0.3) / 0.4, 0, 1)) * float(np.clip((melanin - 0.4) / 0.2, 0, 1))
    odds = np.array([share * factor**curly for share, factor in table.values()])
    if not female:
        odds[list(table).index("bald")] += max(0.0, age - 42) / 40
    return tuple(str(name) for name in rng.choice(list(table), 3, replace=False, p=odds / odds.sum()))


def _glasses(rng: np.random.Generator) -> dict[str, float]:
    return {
        "width": 0.25 + 0.015 * bell(rng), "height": 0.18 + 0.02 * bell(rng), "square": float(rng.uniform(2, 5)),
        "thick": float(rng.uniform(0.008, 0.018)), "tone": float(rng.random()),
    }  # fmt: skip
