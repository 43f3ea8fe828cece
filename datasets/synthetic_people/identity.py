"""Who a synthetic person is: everything that stays the same from photo to photo, drawn from one seed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from synthetic_people.head import head_model

Array = NDArray[np.float64]
SKINS = ("light", "medium", "dark")
AGES = ((18, 30), (30, 45), (45, 60), (60, 80))

# Standard deviation of a local shape's largest movement, in millimeters: of the order that adults differ by in
# L. G. Farkas, Anthropometry of the Head and Face (2nd ed., 1994), shared out among a region's dozen targets.
SPREAD = {
    "nose": 2.6, "mouth": 1.6, "eyes": 1.7, "chin": 2.0, "cheek": 1.8, "ears": 1.8, "head": 2.4, "forehead": 2.7,
    "eyebrows": 2.9, "neck": 2.0, "asym": 0.5,
}  # fmt: skip
# Targets that break the symmetry of a group, move the whole head, or fold the skin when they are large.
QUIET = (
    "trans-in", "trans-out", "head-trans", "neck-trans", "nose-trans", "head-angle", "neck-double", "head-age", "nubian",
    "compress", "greek", "septum", "bag-in", "bag-out", "chin-cleft", "back-scale", "prognathism", "nose-point-d",
    "nose-point-u", "-square", "-triangular", "chin-width", "head-fat",
)  # fmt: skip

# Of HeadModel.proportions: nearly nine of ten people are within by chance; beyond, a face looks like a caricature.
PLAUSIBLE = {
    "nose width": (0.5, 1.12), "nose length": (0.35, 0.62), "mouth width": (0.62, 0.95), "lips": (0.1, 0.55),
    "mouth forward": (-0.25, 0.37),
}  # fmt: skip
LOWER_FACE = ("nose:", "mouth:", "chin:", "cheek:")

# sRGB, from the lightest skin to the darkest, from brown to blue eyes, from black to blond hair.
SKIN_TONES = np.array(
    [[238, 202, 184], [226, 180, 156], [204, 154, 126], [170, 122, 96], [132, 90, 68], [102, 69, 52], [81, 55, 44]]
)
EYE_TONES = np.array([[52, 32, 20], [84, 54, 30], [112, 84, 46], [92, 102, 66], [84, 110, 120], [86, 116, 146]])
HAIR_TONES = np.array([[20, 17, 17], [38, 27, 21], [66, 43, 28], [98, 66, 40], [140, 100, 58], [190, 152, 98]])
BEARD_SHARES = {"none": 0.56, "mustache": 0.06, "goatee": 0.12, "short": 0.18, "full": 0.08}  # and their shares of men
RED_HAIR, GRAY_HAIR = np.array([122, 64, 36]), np.array([138, 136, 134])


@dataclass(frozen=True, eq=False)
class Identity:
    """A person. Colors are sRGB in [0, 1]; lengths are decimeters; unnamed numbers run from 0 to 1."""

    seed: int
    female: bool
    age: float  # years
    skin: str  # one of SKINS
    melanin: float
    shape: dict[str, float]  # weights of the head's targets
    skin_color: Array
    eye_color: Array
    hair_color: Array
    brow_color: Array
    lip_color: Array
    iris: float  # radius of the iris as a share of the eyeball's
    brow: dict[str, float]
    hairline: dict[str, float]
    freckles: float
    blush: float
    blotches: float
    bags: float
    wrinkles: float
    gloss: float
    moles: tuple[tuple[float, float, float, float], ...]  # x, y, radius, darkness
    hair: tuple[str, ...]  # styles, the usual one first
    beard: str  # "none", "mustache", "goatee", "short" or "full"
    glasses: dict[str, float] | None
    makeup: float


def sample_identity(seed: int) -> Identity:
    """The person of a seed. Any 24 seeds in a row hold each sex, each of three skin groups and of four age groups alike.

    Raises:
        ValueError: if the seed is negative.
    """
    if seed < 0:
        raise ValueError(f"the seed of a person must be 0 or more, got {seed}")
    rng = np.random.default_rng([seed, 1])
    female, tone, decade = bool(seed % 2), (seed // 2) % 3, (seed // 6) % 4
    age = float(rng.uniform(*AGES[decade]))
    melanin = (tone + float(rng.uniform(0.02, 0.98))) / 3
    ancestry = _ancestry(rng, tone)
    hair = _hair_color(rng, melanin, ancestry, age)
    gray = hair[1]
    male = not female
    skin = _between(SKIN_TONES, melanin) * (1 + rng.normal(0, (0.02, 0.025, 0.035)))
    lip = _between(SKIN_TONES, melanin) * (0.86, 0.66, 0.68) + rng.normal(0, 0.02, 3)
    old = max(0.0, (age - 30) / 50)
    return Identity(
        seed=seed, female=female, age=age, skin=SKINS[tone], melanin=melanin,
        shape=_shape(rng, female, age, ancestry),
        skin_color=np.clip(skin, 0.08, 0.97),
        eye_color=_between(EYE_TONES, rng.random() * (0.3 if melanin > 0.4 or ancestry[1] > 0.5 else 1))
        * rng.uniform(0.85, 1.15),
        hair_color=hair[0],
        brow_color=np.clip((1 - 0.6 * gray) * hair[2] * 0.8 + 0.6 * gray * GRAY_HAIR / 255 * 0.75, 0, 1),
        lip_color=np.clip(lip, 0, 1),
        iris=0.45 + 0.02 * _bell(rng),
        brow={
            "height": 7.505 + 0.028 * _bell(rng), "thickness": max(0.02, 0.038 + 0.014 * _bell(rng) + 0.008 * male),
            "length": 0.215 + 0.022 * _bell(rng), "middle": 0.305 + 0.012 * _bell(rng),
            "arch": 0.03 + 0.012 * _bell(rng) + 0.012 * female, "tilt": 0.08 + 0.06 * _bell(rng),
            "density": float(np.clip(0.75 + 0.2 * _bell(rng) - 0.2 * old, 0.35, 1)),
        },
        hairline={
            "height": (7.99 if male else 7.93) + 0.05 * _bell(rng) + 0.06 * old * male,
            "recession": max(0.0, 0.04 * _bell(rng) + (0.26 * old + 0.03 if male else 0.0)),
            "peak": 0.02 * _bell(rng), "sideburn": 7.12 + 0.1 * _bell(rng) - 0.1 * male,
        },
        freckles=max(0.0, 0.9 * _bell(rng) - 0.4) * max(0.0, 1 - 2 * melanin),
        blush=float(np.clip(0.45 + 0.45 * _bell(rng), 0, 1.3)),
        blotches=0.2 + 2.0 * rng.random(),
        bags=float(np.clip(0.45 + 0.9 * old + 0.45 * _bell(rng), 0, 1.8)),
        wrinkles=float(np.clip(2.2 * old + 0.25 * _bell(rng), 0, 1.5)),
        gloss=float(rng.random()),
        moles=tuple(
            (float(rng.uniform(-0.55, 0.55)), float(rng.uniform(6.3, 7.9)), float(rng.uniform(0.011, 0.022)),
             float(rng.uniform(0.4, 0.85)))
            for _ in range(min(4, rng.poisson(1.1)))
        ),
        hair=_styles(rng, female, age, ancestry),
        beard=str(rng.choice(list(BEARD_SHARES), p=list(BEARD_SHARES.values()))) if male else "none",
        glasses=_glasses(rng) if rng.random() < 0.2 + 0.2 * old else None,
        makeup=float(rng.random()) if female else 0.0,
    )  # fmt: skip


def _bell(rng: np.random.Generator) -> float:
    """A normal number, cut off at two deviations: rare is welcome, grotesque is not."""
    return float(np.clip(rng.normal(), -2, 2))


def _between(palette: Array, position: float) -> Array:
    """The sRGB color at a position from 0 to 1 along a palette of 0..255 values."""
    place = np.clip(position, 0, 1) * (len(palette) - 1)
    return np.array([np.interp(place, range(len(palette)), channel) for channel in palette.T]) / 255


def _ancestry(rng: np.random.Generator, tone: int) -> Array:
    """Shares of the African, Asian and European head shapes: looser than skin tone, as people are."""
    return np.asarray(rng.dirichlet(((0.05, 0.3, 0.6), (0.2, 0.4, 0.3), (0.9, 0.15, 0.1))[tone]))


def _hair_color(rng: np.random.Generator, melanin: float, ancestry: Array, age: float) -> tuple[Array, float, Array]:
    """Today's hair color, how gray it is, and the color it had."""
    dark = melanin > 0.45 or ancestry[1] > 0.5
    young = _between(HAIR_TONES, rng.random() * (0.4 if dark else 1.0))
    if not dark and rng.random() < 0.1:
        young = RED_HAIR / 255 * rng.uniform(0.8, 1.2)
    gray = float(np.clip((age - 48) / 25 + 0.35 * _bell(rng), 0, 1)) if age > 40 else 0.0
    return np.clip((1 - gray) * young + gray * GRAY_HAIR / 255 * rng.uniform(0.75, 1), 0, 1), gray, np.clip(young, 0, 1)


def _styles(rng: np.random.Generator, female: bool, age: float, ancestry: Array) -> tuple[str, ...]:
    """Three different styles that this person may wear, the usual one first."""
    if female:
        names = ["long", "wavy", "curly", "bob", "fringe", "tied", "pixie", "curls", "afro"]
        odds = np.array([3, 3, 1.5, 3, 2, 2, 1.0 + age / 40, 1, 0.3])
    else:
        names = ["crop", "side", "swept", "quiff", "buzz", "curls", "bald", "shoulder", "afro"]
        odds = np.array([3, 3, 2, 2, 2, 1.5, 0.3 + max(0.0, age - 35) / 15, 0.8, 0.2])
    if ancestry[0] > 0.5:
        odds = odds * np.array([4.0 if name in ("afro", "curly", "curls", "buzz", "tied") else 0.4 for name in names])
    return tuple(str(name) for name in rng.choice(names, 3, replace=False, p=odds / odds.sum()))


def _glasses(rng: np.random.Generator) -> dict[str, float]:
    return {
        "width": 0.25 + 0.02 * _bell(rng), "height": 0.175 + 0.025 * _bell(rng), "square": float(rng.uniform(2, 5)),
        "thick": float(rng.uniform(0.016, 0.034)), "tone": float(rng.random()),
    }  # fmt: skip


@lru_cache(maxsize=1)
def _pairs() -> tuple[tuple[str, str, float], ...]:
    """Opposite local targets (either may be "") and the standard deviation of the weight between them."""
    opposites = (("decr", "incr"), ("down", "up"), ("in", "out"), ("backward", "forward"), ("concave", "convex"),
                 ("compress", "uncompress"))  # fmt: skip
    targets = head_model().targets
    found = []
    for name, (_, moves) in targets.items():
        topic, _, rest = name.partition(":")
        if topic not in SPREAD:
            continue
        other = next((rest[: -len(a)] + b for a, b in opposites if rest.endswith("-" + a)), "")
        if any(rest.endswith("-" + b) and f"{topic}:{rest[: -len(b)]}{a}" in targets for a, b in opposites):
            continue  # the second of its pair
        spread = SPREAD[topic] / (100 * abs(moves).max())
        if any(word in rest for word in QUIET):
            spread *= 0.35
        opposite = f"{topic}:{other}"
        found.append((name, opposite if opposite in targets else "", min(spread, 0.8)))
    return tuple(found)


def _shape(rng: np.random.Generator, female: bool, age: float, ancestry: Array) -> dict[str, float]:
    """Weights of targets; those of the lower face weakened, where they must be, until nose and mouth are plausible.

    In two of a thousand people sex, age and ancestry alone lead 0.01 beyond a limit; then none of the local shapes is left.
    """
    head, drawn = head_model(), _any_shape(rng, female, age, ancestry)
    for share in np.linspace(1, 0, 11):
        weights = {name: w * (float(share) if name.startswith(LOWER_FACE) else 1.0) for name, w in drawn.items()}
        found = head.proportions(head.shaped(weights))
        if all(low <= found[name] <= high for name, (low, high) in PLAUSIBLE.items()):
            break
    return weights


def _any_shape(rng: np.random.Generator, female: bool, age: float, ancestry: Array) -> dict[str, float]:
    """Weights of targets: sex, age, build and ancestry, then local shapes, mirrored up to a little asymmetry."""
    weights: dict[str, float] = {}

    def add(name: str, weight: float) -> None:
        if name in head_model().targets and abs(weight) > 1e-4:
            weights[name] = weights.get(name, 0.0) + weight

    sex = float(np.clip(0.95 + 0.06 * _bell(rng), 0, 1))  # how far toward the typical head of the sex
    old = float(np.clip((age - 25) / 65, 0, 1))
    muscle, weight = (float(np.clip(0.45 + 0.17 * _bell(rng), 0, 1)) for _ in range(2))
    ancestry = 1 / 3 + 1.7 * (ancestry - 1 / 3)  # unmuted, or all faces look like one family's
    ends = {"muscle": muscle, "weight": weight}
    axes = {
        name: {f"min{name}": max(0, 1 - 2 * v), f"average{name}": 1 - abs(2 * v - 1), f"max{name}": max(0, 2 * v - 1)}
        for name, v in ends.items()
    }
    for sex_name, sex_share in (("female", sex if female else 1 - sex), ("male", 1 - sex if female else sex)):
        for age_name, age_share in (("young", 1 - old), ("old", old)):
            for race, share in zip(("african", "asian", "caucasian"), ancestry, strict=True):
                add(f"macrodetails:{race}-{sex_name}-{age_name}", sex_share * age_share * float(share))
            for m, m_share in axes["muscle"].items():
                for w, w_share in axes["weight"].items():
                    add(f"macrodetails:universal-{sex_name}-{age_name}-{m}-{w}", sex_share * age_share * m_share * w_share)
    both: dict[str, float] = {}
    for first, second, spread in _pairs():
        topic, _, rest = first.partition(":")
        sided = rest[:2] in ("l-", "r-")
        key = f"{topic}:{rest[2:]}" if sided else first
        value = both.setdefault(key, _bell(rng)) + (0.12 * _bell(rng) if sided else 0.0)
        if second:
            add(second if value > 0 else first, abs(value) * spread)
        else:
            add(first, max(0.0, value) * spread)
    return weights
