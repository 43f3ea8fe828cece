"""The shape of a person's head, as weights of the mesh's targets: sex, age, build, ancestry and local features."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from synthetic_people.head import head_model

Array = NDArray[np.float64]

# Standard deviation of a local shape's largest movement, in millimeters: below what adults differ by in
# L. G. Farkas, Anthropometry of the Head and Face (2nd ed., 1994), shared out among a region's dozen targets.
SPREAD = {
    "nose": 2.3, "mouth": 1.4, "eyes": 1.9, "chin": 2.05, "cheek": 2.1, "ears": 1.5, "head": 2.9, "forehead": 2.3,
    "eyebrows": 1.8, "neck": 1.3, "asym": 0.2,
}  # fmt: skip
# Targets that break the symmetry of a group, move the whole head, or fold the skin when they are large.
QUIET = (
    "trans-in", "trans-out", "head-trans", "neck-trans", "nose-trans", "head-angle", "neck-double", "head-age", "nubian",
    "compress", "greek", "septum", "bag-in", "bag-out", "chin-cleft", "back-scale", "prognathism", "nose-point-d",
    "nose-point-u", "-square", "-triangular", "chin-width", "head-fat", "eyebrows-angle", "scale-depth", "mouth-angles",
    "eye-bag", "lip-ext",
)  # fmt: skip
# Of HeadModel.proportions: most people are within by chance; beyond, a face looks like a caricature.
PLAUSIBLE = {
    "nose width": (0.52, 0.92), "nose length": (0.35, 0.60), "mouth width": (0.64, 0.92), "lips": (0.13, 0.42),
    "chin": (0.37, 0.60), "jaw": (1.68, 2.0), "mouth forward": (-0.2, 0.28),
}  # fmt: skip
LOWER_FACE = ("nose:", "mouth:", "chin:", "cheek:")
FRIENDLY = {"mouth:mouth-angles-up": 0.22, "eyebrows:eyebrows-trans-up": 0.2}  # weights that nobody's face lacks


def bell(rng: np.random.Generator, most: float = 1.75) -> float:
    """A normal number, cut off: rare is welcome, grotesque is not."""
    return float(np.clip(rng.normal(), -most, most))


def sample_shape(rng: np.random.Generator, female: bool, age: float, ancestry: Array) -> dict[str, float]:
    """Weights of targets; ancestry and the lower face are weakened until nose, mouth and jaw are plausible."""
    head = head_model()
    typical, local = _typical(rng, female, age), _local(rng)
    for share in np.linspace(1, 0, 11):
        mixed = 1 / 3 + (0.2 + 1.3 * share) * (ancestry - 1 / 3)
        weights = _with_ancestry(typical, mixed)
        for name, weight in local.items():
            weights[name] = weights.get(name, 0.0) + weight * float(
                share if name.startswith(LOWER_FACE) else 0.4 + 0.6 * share
            )
        found = head.proportions(head.shaped(weights))
        if all(low <= found[name] <= high for name, (low, high) in PLAUSIBLE.items()):
            break
    return {name: weight for name, weight in weights.items() if abs(weight) > 1e-4}


def _typical(rng: np.random.Generator, female: bool, age: float) -> dict[tuple[str, str], dict[str, float]]:
    """For both sexes and ages their share (key "") and weights of build."""
    sex = float(np.clip((1.0 if female else 0.96) + 0.06 * bell(rng), 0, 1))  # how far toward the typical head of the sex
    old = float(np.clip((age - 25) / 75, 0, 1))
    build = {"muscle": (0.36 if female else 0.5) + 0.14 * bell(rng), "weight": 0.46 + 0.22 * bell(rng)}
    levels = {
        name: {"min": max(0.0, 1 - 2 * value), "average": 1 - abs(2 * value - 1), "max": max(0.0, 2 * value - 1)}
        for name, value in build.items()
    }
    found = {}
    for sex_name, sex_share in (("female", sex if female else 1 - sex), ("male", 1 - sex if female else sex)):
        for age_name, age_share in (("young", 1 - old), ("old", old)):
            share = sex_share * age_share
            found[sex_name, age_name] = {"": share} | {
                f"macrodetails:universal-{sex_name}-{age_name}-{m}muscle-{w}weight": share * m_share * w_share
                for m, m_share in levels["muscle"].items()
                for w, w_share in levels["weight"].items()
            }
    return found


def _with_ancestry(typical: dict[tuple[str, str], dict[str, float]], ancestry: Array) -> dict[str, float]:
    """All weights of sex, age, build and ancestry that have a target."""
    weights: dict[str, float] = {}
    for (sex, age), parts in typical.items():
        for name, weight in parts.items():
            if name:
                weights[name] = weight
        for race, share in zip(("african", "asian", "caucasian"), ancestry, strict=True):
            weights[f"macrodetails:{race}-{sex}-{age}"] = parts[""] * float(share)
    return {name: weight for name, weight in weights.items() if name in head_model().targets}


def _local(rng: np.random.Generator) -> dict[str, float]:
    """Weights of local shapes, mirrored up to a little asymmetry."""
    weights = {name: weight + 0.1 * bell(rng) for name, weight in FRIENDLY.items()}
    both: dict[str, float] = {}
    for first, second, spread in _pairs():
        topic, _, rest = first.partition(":")
        sided = rest[:2] in ("l-", "r-")
        value = both.setdefault(f"{topic}:{rest[2:]}" if sided else first, bell(rng)) + (0.06 * bell(rng) if sided else 0.0)
        name = second if second and value > 0 else first
        weight = abs(value) if second else max(0.0, value)
        weights[name] = weights.get(name, 0.0) + weight * spread
    return weights


@lru_cache(maxsize=1)
def _pairs() -> tuple[tuple[str, str, float], ...]:
    """Opposite local targets (the second may be "") and the standard deviation of the weight between them."""
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
        found.append((name, opposite if opposite in targets else "", min(spread, 0.6)))
    return tuple(found)
