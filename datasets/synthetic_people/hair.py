"""Hair, beards, brows and glasses as ribbons: polylines rooted in the skin of one person, in the head's own frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthetic_people.head import CENTER, HeadModel, Roots
from synthetic_people.identity import Identity
from synthetic_people.rasterizer import grow

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Style:
    """A way to wear hair; lengths in decimeters."""

    top: float
    side: float
    flow: str  # where strands lie: "crown", "back", "part", "side", "up" or "out"
    lift: float = 0.2  # 0 lies flat, 1 stands up
    volume: float = 0.1  # how far the outermost strands lie from the skin
    curl: float = 0.0  # radius of curls
    turns: float = 0.0  # radians per decimeter
    fall: float = 1.0  # how soon strands bend down
    open: float = 0.0  # azimuth of the face that long hair leaves free
    fringe: float = 0.0  # height at which front hair ends; 0: it does not fall forward
    width: float = 1.0


STYLES = {
    "bald": Style(0.0, 0.12, "crown", volume=0.02),
    "buzz": Style(0.09, 0.07, "crown", lift=0.5, volume=0.02),
    "crop": Style(0.40, 0.16, "crown", lift=0.35, volume=0.12),
    "side": Style(0.75, 0.22, "side", lift=0.35, volume=0.16),
    "swept": Style(0.95, 0.40, "back", lift=0.35, volume=0.16),
    "quiff": Style(0.70, 0.14, "up", lift=0.6, volume=0.22),
    "curls": Style(0.55, 0.35, "crown", lift=0.6, volume=0.30, curl=0.045, turns=28, fall=0.6),
    "afro": Style(0.50, 0.45, "out", lift=1.0, volume=0.45, curl=0.035, turns=45, fall=0.0, width=1.3),
    "pixie": Style(0.62, 0.34, "side", lift=0.25, volume=0.14, fringe=7.80),
    "bob": Style(2.0, 1.7, "part", lift=0.2, volume=0.20, fall=2.5, open=0.98),
    "fringe": Style(2.1, 1.8, "crown", lift=0.2, volume=0.18, fall=2.5, open=0.98, fringe=7.62),
    "shoulder": Style(2.3, 2.0, "part", lift=0.2, volume=0.16, curl=0.02, turns=9, fall=2.2, open=1.05),
    "long": Style(3.5, 3.2, "part", lift=0.15, volume=0.17, fall=2.5, open=0.95),
    "wavy": Style(3.3, 3.0, "part", lift=0.2, volume=0.24, curl=0.045, turns=8, fall=2.2, open=0.98),
    "curly": Style(2.6, 2.4, "part", lift=0.4, volume=0.38, curl=0.06, turns=20, fall=1.6, open=1.05, width=1.15),
    "tied": Style(0.85, 0.5, "back", lift=0.03, volume=0.05, fall=0.0),
}
STEPS = 12
DENSITY = 9000  # strands at full detail
BEARDS = {"none": 0.0, "mustache": 0.08, "goatee": 0.10, "short": 0.07, "full": 0.15}


@dataclass(frozen=True, eq=False)
class Ribbons:
    """Polylines ``points (M, K, 3)`` with ``widths (M, K)`` in decimeters and ``tints (M,)`` around 1.

    ``depths (M,)``: 0 for strands next to the skin, 1 for the outermost. ``roots``: where on the skin they stand.
    """

    points: Array
    widths: Array
    tints: Array
    depths: Array
    roots: Roots | None = None
    color: Array | None = None  # sRGB; None: the person's hair color
    shine: float = 1.0
    stride: int = 2  # every which point small pictures take; curls need all


def hairline(model: HeadModel, identity: Identity, style: str) -> Array:
    """Height above the hairline of each texel ``(256, 512)``, in decimeters, negative on bare skin."""
    place, side = model.texel_place, abs(model.azimuth)
    line = identity.hairline
    front = (
        line["height"] + line["recession"] * np.exp(-(((side - 0.5) / 0.25) ** 2))
        - line["peak"] * np.exp(-((model.azimuth / 0.12) ** 2)) - 0.12 * (side / 0.8) ** 2
    )  # fmt: skip
    if style == "bald":
        front = 8.9 - 2.2 * _smooth(1.2, 1.75, side)
    temple, back = _smooth(0.72, 1.08, side), _smooth(1.45, 1.9, side)
    # In front of the ear the line drops to the sideburn.
    line_of_side = np.where(side > 1.02, line["sideburn"], 7.62)
    lower = front * (1 - temple) + line_of_side * temple
    lower = lower * (1 - back) + 6.45 * back
    wander = 0.03 * np.sin(9 * model.azimuth + identity.seed % 7) + 0.02 * np.sin(23 * model.azimuth)
    height = place[..., 1] - lower + wander
    return np.where(
        (model.texel_ears > 0.3)
        | (place[..., 1] < 6.35)
        | ((place[..., 1] < 7.05) & (side < 1.7) & (abs(place[..., 0]) > 0.72)),
        -1.0,
        height,
    )


def scalp_hair(
    model: HeadModel, identity: Identity, style_name: str, seed: int, height: Array, vertices: Array, radii: Array
) -> Ribbons:
    """The strands of a style, grown on this person's head; ``height``: :func:`hairline`'s."""
    style = STYLES[style_name]
    rng = np.random.default_rng([identity.seed, 2, seed, sorted(STYLES).index(style_name)])
    roots = model.sample(_smooth(-0.02, 0.10, height), DENSITY, rng)
    places, rest = roots.on(vertices), roots.on(model.rest)
    outward = roots.on(model.normals(vertices))
    top = _smooth(7.75, 8.1, rest[:, 1])
    lengths = np.maximum(style.side + (style.top - style.side) * top, 0.03) * rng.uniform(0.75, 1.1, DENSITY)
    if style.fringe:  # the front hangs down to the fringe, the rest falls as its style says
        front = (abs(rest[:, 0]) < 0.55) & (rest[:, 2] > 0.75)
        lengths = np.where(front, np.minimum(lengths, 1.3), lengths)
    part = 0.22 * (1 if identity.seed % 3 else -1) * (seed != 1)
    flow = _flow(style, rest, part)
    flow -= outward * (flow * outward).sum(1, keepdims=True)
    flow /= np.linalg.norm(flow, axis=1, keepdims=True) + 1e-9
    # Neighbors lean alike: hair falls in locks, not as a brush.
    phase = rng.uniform(0, 6.28, (3, 3))
    locks = np.stack([np.sin(rest @ (9.0 * np.eye(3)[i] + 5) + phase[i, 0]) for i in range(3)], 1)
    curly = style.curl > 0.03
    starts = style.lift * outward + (1 - style.lift) * flow + (0.12 + 0.1 * curly) * locks
    starts += rng.normal(0, 0.05 + 0.15 * curly, starts.shape)
    starts /= np.linalg.norm(starts, axis=1, keepdims=True)
    depths = rng.random(DENSITY) ** 0.7
    volume = style.volume * (0.9 + 0.2 * np.sin(2 * rest[:, 0] + seed))
    layers = 0.012 + volume * depths * (0.45 + 0.55 * top)
    turned = rng.uniform(0, 6.28, DENSITY) * (1.0 if curly else 0.35) + 6 * locks[:, 0]
    pull = np.array([0.0, -style.fall, -0.3 * (style.flow in ("up", "back"))])
    points = np.empty((DENSITY, STEPS, 3))
    grow(
        places, starts, lengths, layers, 0.02 + 0.25 * style.lift * style.volume, turned, radii, CENTER,
        np.array([style.open, 8.0, 0.1]), style.fringe, pull, style.curl, style.turns, STEPS, points,
    )  # fmt: skip
    taper = np.linspace(1, 0.45, STEPS)
    widths = 0.0105 * style.width * rng.uniform(0.7, 1.3, (DENSITY, 1)) * taper
    tints = (1 + 0.16 * locks[:, 1]) * rng.uniform(0.8, 1.2, DENSITY)
    return Ribbons(points, widths, tints, depths, shine=0.3 if curly else 1.0, stride=2 - curly)


def _flow(style: Style, place: Array, part: float) -> Array:
    x, _, z = place.T
    one = np.ones_like(x)
    if style.flow == "crown":
        return place - (0.05, 8.5, -0.2)
    if style.flow == "back":
        return np.stack([0.15 * x, -0.15 * one, -one], 1)
    if style.flow == "part":
        return np.stack([np.tanh((x - part) * 12), -0.25 * one, -0.35 * one], 1)
    if style.flow == "side":
        over = np.tanh((x - 1.6 * part) * 8)
        return np.stack([over, -0.15 * one - 0.8 * _smooth(0.5, 0.7, abs(x)), 0.25 * one * (style.fringe > 0) - 0.1], 1)
    if style.flow == "up":
        return np.stack([0.3 * np.tanh(4 * (x - part)), 0.5 * one, np.where(z > 0.6, 0.35, -0.6)], 1)
    return np.stack([0.01 * one, one, 0 * one], 1)


def brows(model: HeadModel, identity: Identity, vertices: Array) -> Ribbons:
    """Two brows of single hairs, upright near the nose, swept outward toward the tail."""
    rng = np.random.default_rng([identity.seed, 3])
    brow, place = identity.brow, model.texel_place
    along = (abs(place[..., 0]) - brow["middle"]) / brow["length"]
    spine = brow["height"] - brow["tilt"] * brow["length"] * along + brow["arch"] * (1 - (along - 0.25) ** 2)
    across = (place[..., 1] - spine) / (brow["thickness"] * (1.0 - 0.55 * np.clip(along, -0.2, 1)))
    density = _smooth(1.05, 0.5, abs(across)) * _smooth(-1.1, -0.6, along) * _smooth(1.1, 0.6, along) * (place[..., 2] > 0.8)
    count = int(800 * brow["density"])
    roots = model.sample(density, count, rng)
    rest, places, outward = roots.on(model.rest), roots.on(vertices), roots.on(model.normals(vertices))
    s = (abs(rest[:, 0]) - brow["middle"]) / brow["length"]
    angle = np.deg2rad(np.interp(s, (-1, -0.5, 0.3, 1), (58, 32, 12, -18)) + rng.normal(0, 9, count))
    heading = np.stack([np.sign(rest[:, 0]) * np.cos(angle), np.sin(angle), np.zeros(count)], 1)
    return _short(
        roots, places, outward, heading, 0.085 * rng.uniform(0.6, 1.1, count), 0.12, 0.0, rng, 0.0055, identity.brow_color
    )


def beard_density(model: HeadModel, identity: Identity, kind: str) -> Array:
    """Where the beard grows, 0 to 1, per texel ``(256, 512)``; "all" for where stubble may."""
    place, side = model.texel_place, abs(model.azimuth)
    x, y = abs(place[..., 0]), place[..., 1]
    wander = 0.025 * np.sin(17 * model.azimuth + identity.seed % 5)
    mustache = _smooth(0.27, 0.2, x + 0.4 * np.maximum(0, y - 6.72)) * _smooth(6.64, 6.69, y) * _smooth(6.84, 6.79, y)
    cheek = 6.42 + 0.42 * _smooth(0.28, 0.62, x) + 0.35 * _smooth(0.62, 0.74, x) + wander
    jaw = _smooth(0.03, -0.05, y - cheek) * _smooth(5.98, 6.12, y + 0.10 * (place[..., 2] - 1.2))
    beside = _smooth(0.16, 0.25, x) * _smooth(0.45, 0.36, x) * _smooth(6.82, 6.7, y) * (y > 6.35)  # from mustache to jaw
    sides = _smooth(1.0, 1.1, side) * _smooth(1.32, 1.22, side) * _smooth(6.3, 6.5, y) * _smooth(7.25, 7.1, y)
    soul = _smooth(0.07, 0.04, x) * _smooth(6.52, 6.48, y) * (y > 6.3)
    full = np.maximum.reduce([mustache, jaw, beside * (y < 6.75), sides, soul])
    goatee = np.maximum.reduce([mustache, jaw * _smooth(0.36, 0.27, x), beside * _smooth(0.36, 0.3, x), soul])
    found = {"mustache": mustache, "goatee": goatee}.get(kind, full)
    return found * (model.texel_lips < 0.3) * (place[..., 2] > 0.2) * (side < 1.35)


def beard(model: HeadModel, identity: Identity, vertices: Array) -> Ribbons | None:
    """The beard's strands, or None for who has none."""
    length = BEARDS[identity.beard]
    if not length:
        return None
    rng = np.random.default_rng([identity.seed, 4])
    density = beard_density(model, identity, identity.beard)
    count = int(min(8000, 800 + 2.2 * (density > 0.4).sum()))
    roots = model.sample(density, count, rng)
    rest, places, outward = roots.on(model.rest), roots.on(vertices), roots.on(model.normals(vertices))
    x, y, _ = rest.T
    upper = (y > 6.66) & (abs(x) < 0.3)
    heading = np.stack([np.where(upper, np.sign(x) * 0.8, 0.25 * x), np.where(upper, -0.7, -1.0), np.full(count, 0.25)], 1)
    lengths = length * rng.uniform(0.6, 1.2, count) * np.where(upper, 0.6 if identity.beard == "full" else 1.0, 1.0)
    color = identity.hair_color * (0.85 if identity.hair_color.mean() < 0.5 else 0.95 - 0.4 * identity.melanin)
    return _short(roots, places, outward, heading, lengths, 0.35, 0.3, rng, 0.0075, color)


def _short(
    roots: Roots, places: Array, outward: Array, heading: Array, lengths: Array, lift: float, droop: float,
    rng: np.random.Generator, width: float, color: Array,
) -> Ribbons:  # fmt: skip
    """Short hairs that lean over the skin: five points on a bent line."""
    heading = heading + rng.normal(0, 0.18, heading.shape)
    heading -= outward * (heading * outward).sum(1, keepdims=True)
    heading /= np.linalg.norm(heading, axis=1, keepdims=True) + 1e-9
    t = np.linspace(0, 1, 5)[None, :, None]
    reach = lengths[:, None, None]
    points = places[:, None] + reach * (t * (heading + lift * outward)[:, None] - t**2 * 0.4 * lift * outward[:, None])
    points = points + outward[:, None] * 0.006 - reach * droop * t**2 * np.array([0, 1.0, 0])
    widths = width * rng.uniform(0.7, 1.2, (len(places), 1)) * np.array([1, 1, 0.9, 0.7, 0.35])
    return Ribbons(points, widths, rng.uniform(0.75, 1.25, len(places)), rng.random(len(places)), roots, color, 0.4)


def spectacles(model: HeadModel, identity: Identity, vertices: Array) -> Ribbons | None:
    """The frame of the person's glasses: two rims, a bridge and two temples."""
    if identity.glasses is None:
        return None
    frame = identity.glasses
    marks = model.landmarks(vertices)
    front = max(vertices[model.nose_bridge][2] + 0.10, marks[:2, 2].max() + 0.14)
    turn = np.linspace(0, 2 * np.pi, 41)
    corner = (abs(np.cos(turn)) ** frame["square"] + abs(np.sin(turn)) ** frame["square"]) ** (-1 / frame["square"])
    lines, inner, outer = [], [], []
    for side, eye in ((-1, marks[0]), (1, marks[1])):
        x = eye[0] + side * 0.03 + frame["width"] * corner * np.cos(turn)
        y = eye[1] - 0.03 + frame["height"] * corner * np.sin(turn)
        z = front - 0.22 * np.maximum(0, abs(x) - 0.25) ** 1.5 - 0.02 * np.cos(turn) * side
        lines.append(np.stack([x, y, z], 1))
        inner.append((eye[0] + side * (0.03 - frame["width"]), eye[1] + 0.02, front))
        end = x[np.argmax(side * x)]
        outer.append([(end, eye[1] + 0.05, z.min()), (side * 0.80, eye[1] + 0.06, 0.75), (side * 0.80, eye[1] + 0.02, 0.25)])
    middle = [
        (np.array(inner[0]) * (1 - t) + np.array(inner[1]) * t + (0, 0.05 * np.sin(np.pi * t), 0.02))
        for t in np.linspace(0, 1, 41)
    ]
    lines.append(np.array(middle))
    for path in outer:
        knots = np.array(path)
        lines.append(np.stack([np.interp(np.linspace(0, 2, 41), range(3), knots[:, c]) for c in range(3)], 1))
    points = np.array(lines)
    widths = np.full(points.shape[:2], frame["thick"])
    color = np.array([0.03, 0.03, 0.035]) if frame["tone"] < 0.55 else np.array([0.36, 0.22, 0.13]) * (0.5 + frame["tone"])
    return Ribbons(points, widths, np.ones(len(points)), np.ones(len(points)), None, color, 1.5)


def _smooth(low: float, high: float, x: Array) -> Array:
    t = np.clip((x - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t))
