"""Masks that follow the head against flat ones: PSR by yaw, linking, and what a turning head does to them.

    python benchmarks/following.py [--people 50]
    python benchmarks/following.py --development       on the people on whom the epsilons were chosen

Report people, ten training photos in ordinary poses, a test photo at each of ten yaws, the six black boxes, 500 strangers.
Every mask is learned by OPOM (convex) on ``ir-softmax``; they differ in where it lies: flat on the crop, flat on the face
alone, bent by the five landmarks, or in the head's texture. Epsilons give all of them the PSNR of the flat mask of 5 levels
or less; each row says its own. ``linked`` is the share of masked photos that still find another masked photo of their
person. ``slip`` is how much the mask changes on a point of the skin from frame to frame while the head turns by two degrees
a frame, in percent of its size, and ``flicker`` the same for a pixel of the crop.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from common import TABLES, arguments, report
from torch import Tensor

from opom_edu import OPOM, Mask, People, load_people, load_recognizer
from opom_edu.evaluation import image_quality
from opom_edu.evaluation.gallery import Gallery
from opom_edu.evaluation.groups import interval
from opom_edu.faces import quantize
from opom_edu.faces.causes import turned_people
from opom_edu.faces.seeds import DEVELOPMENT, REPORT
from opom_edu.faces.synthetic import LANDMARKS
from opom_edu.masks import RandomNoise
from opom_edu.masks.layout import Layout, fit_on
from opom_edu.recognizers import BLACK_BOXES, SURROGATE

YAWS = (-35, -30, -27, -20, -10, 0, 10, 20, 27, 35)
TURN = range(-28, 29, 2)  # a head that turns by two degrees a frame
BARE, NOISE = "unprotected", "random noise"
EPS = {NOISE: 5.0, "flat": 5.0, "flat, on the face": 7.0, "bent by landmarks, on the face": 6.7, "in the texture": 7.4}
CELLS = (80, 70)  # of the texture, in which slip is measured
SEEN = 0.9  # a pixel shows this much skin of the face


@dataclass(frozen=True, eq=False)
class Sitting:
    """A person's photos to learn from, and others, with where they lie in the texture and in the mean face."""

    images: Tensor
    texels: Tensor
    points: Tensor
    train: int

    def layout(self, kind: str) -> Layout:
        """Where masks of this kind lie on each photo."""
        texture = Layout.from_texels(self.texels)
        if kind == "in the texture":
            return texture
        if kind.startswith("bent"):
            grid = Layout.from_landmarks(self.points).grid
        else:
            middle = torch.tensor([[0.5, 0, 0], [0, 0.5, 0]]) * 2
            grid = torch.nn.functional.affine_grid(middle.expand(len(self.images), -1, -1), list(self.images.shape), False)
        share = torch.ones(grid.shape[:3])
        if kind.endswith("on the face"):
            share = (texture.share[: self.train].mean(0) > 0.3).float().expand_as(share)
        return Layout(grid, share)


def sittings(people: People, texels: dict[str, Tensor], train: int) -> list[Sitting]:
    assert people.photos is not None
    points = people.photos.groupby("person", sort=False)[LANDMARKS].apply(lambda rows: rows.to_numpy().reshape(-1, 5, 2))
    return [
        Sitting(torch.cat([person.train, person.test]), texels[name], torch.tensor(points[name]), train)
        for name, person in people.items()
    ]


def fit(kind: str, sitting: Sitting, eps: float) -> Mask:
    photos, train = sitting.images[: sitting.train], slice(sitting.train)
    if kind == NOISE:
        return RandomNoise(eps=eps).fit(photos)
    method = OPOM(load_recognizer(SURROGATE), eps=eps, step_size=eps / 8)
    if kind == "flat":
        return method.fit(photos)
    size = (160, 140) if kind == "in the texture" else (112, 112)
    return fit_on(method, photos, sitting.layout(kind)[train], size=size)


def slip(sitting: Sitting, kind: str, mask: Mask) -> tuple[float, float]:
    """On the skin and in the crop, in percent of the mask's mean size; the photos are the frames of a turn."""
    laid = sitting.layout(kind).lay(mask.delta)
    texture = Layout.from_texels(sitting.texels)
    rows, columns = CELLS
    on_skin, in_crop, size = [], [], []
    before = None
    for delta, grid, share in zip(laid, texture.grid, texture.share, strict=True):
        seen = (share > SEEN) & (grid.abs() < 1).all(-1)
        place = ((grid[seen] + 1) / 2 * grid.new_tensor([columns, rows])).long()
        cell = place[:, 1] * columns + place[:, 0]
        count = torch.zeros(rows * columns).index_add_(0, cell, torch.ones(len(cell)))
        skin = torch.zeros(3, rows * columns).index_add_(1, cell, delta[:, seen]) / count
        if before is not None:
            both = (count > 0) & (before[0] > 0)
            on_skin.append((skin - before[1])[:, both].abs().mean())
            in_crop.append((delta - before[2])[:, seen].abs().mean())
            size.append(delta[:, seen].abs().mean())
        before = count, skin, delta
    mean = torch.stack(size).mean()
    return 100 * float(torch.stack(on_skin).mean() / mean), 100 * float(torch.stack(in_crop).mean() / mean)


def told(name: str, what: str, values: list[float] | np.ndarray) -> dict[str, object]:
    values = np.asarray(values, float)
    low, high = interval(values[:, None]) if len(values) > 1 else (np.nan, np.nan)
    mean = round(float(values.mean()), 2)
    return {"masks": name, "what": what, "mean": mean, "low": round(float(low), 2), "high": round(float(high), 2)}


def failed(galleries: list[Gallery], photos: dict[str, Tensor]) -> np.ndarray:
    """PSR at rank 1 in percent, mean of the recognizers, ``(people, photos)``."""
    found = [gallery.probes(photos=photos, top=1).values() for gallery in galleries]
    one = [torch.stack([(each.distractors > each.own).float().mean(1) for each in probes]) for probes in found]
    return 100 * torch.stack(one).mean(0).reshape(len(photos), -1).numpy()


def table(count: int, seed: int, frames: int) -> list[dict[str, object]]:
    """Rows of PSR, PSNR, linking, slip and flicker for each kind of mask."""
    judges = [load_recognizer(name) for name in BLACK_BOXES if name != "dlib"]
    strangers = load_people("synthetic", count=1, seed=seed, distractors=500).distractors
    people, texels = turned_people(strangers, YAWS, count=count, seed=seed)
    turning = sittings(*turned_people(strangers, TURN, count=frames, seed=seed), train=10)
    galleries, own = [Gallery.of(judge, people) for judge in judges], sittings(people, texels, train=10)
    rows: list[dict[str, object]] = []
    yaw = np.abs(YAWS)
    reference = None
    for kind in (BARE, *EPS):
        masks = [] if kind == BARE else [fit(kind, each, EPS[kind] / 255) for each in own]
        worn = worn_by(people, own, kind, masks)
        psr = failed(galleries, worn)
        rows += [told(kind, f"yaw {side}", psr[:, yaw == side].mean(1)) for side in sorted({*yaw.tolist()})]
        side = psr[:, yaw >= 20].mean(1)
        reference = side if kind == "flat" else reference
        rows.append(told(kind, "yaw 20 to 35", side))
        enrolled = [replace(g, own={n: j.embed(p) for n, p in worn.items()}) for j, g in zip(judges, galleries, strict=True)]
        rows.append(told(kind, "linked", 100 - failed(enrolled, worn).mean(1)))
        if kind == BARE:
            continue
        quality = [image_quality(person.test, worn[name])["psnr"].mean() for name, person in people.items()]
        rows.append(told(kind, "PSNR", quality))
        slips = [slip(each, kind, mask) for each, mask in zip(turning, masks, strict=False)]
        rows += [told(kind, what, [pair[i] for pair in slips]) for i, what in enumerate(("slip", "flicker"))]
        if reference is not None and kind != "flat":
            rows.append(told(kind, "yaw 20 to 35, less flat", side - reference))
        print(kind, *(f"{row['what']} {row['mean']} ({row['low']} to {row['high']})" for row in rows[-6:]), flush=True)
    return rows


def worn_by(people: People, own: list[Sitting], kind: str, masks: list[Mask]) -> dict[str, Tensor]:
    """Each person's test photos under their mask."""
    if kind == BARE:
        return {name: person.test for name, person in people.items()}
    worn = {}
    for (name, person), each, mask in zip(people.items(), own, masks, strict=True):
        layout = each.layout("flat" if kind == NOISE else kind)[slice(each.train, None)]
        worn[name] = quantize(layout.apply(mask, person.test))
    return worn


def main() -> None:
    parser = arguments(__doc__, out=TABLES)
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--frames", type=int, default=10, help="people whose heads turn")
    parser.add_argument("--development", action="store_true")
    options = parser.parse_args()
    make = partial(table, seed=DEVELOPMENT if options.development else REPORT)
    rows = make(3, frames=2) if options.tiny else make(options.people, frames=options.frames)
    name = "following_development" if options.development else "following"
    report(name, rows, out=options.out, note="percent and dB, 95 % intervals over people")


if __name__ == "__main__":
    main()
