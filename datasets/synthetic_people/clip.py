"""A moving picture of synthetic people who sit side by side, as in a video call, and talk."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from synthetic_people.camera import Photo, Sitter, take_photo
from synthetic_people.conditions import Conditions, sample_conditions
from synthetic_people.identity import sample_identity

SPAN = 0.15  # between eyes and mouth, in shares of the picture's height: a face of 3 times as much
BLUR = 0.1  # of the lens, pixels of a picture 112 high


def render_clip(
    seeds: Sequence[int], *, seconds: float = 10.0, fps: int = 25, size: tuple[int, int] = (720, 1280), seed: int = 0,
    samples: int = 1,
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.float64]]]:  # fmt: skip
    """Frames ``(H, W, 3)`` uint8 RGB of people talking, and where their landmarks are ``(P, 5, 2)`` in pixels.

    Each person has a part of the picture and moves alone: head, mouth, gaze and lids vary smoothly, the camera stands still
    and its noise is new in every frame. The same arguments give the same pixels.

    Args:
        seeds: of the people, left to right; :func:`opom_edu.load_people` counts its first set from 1,000,000,000.
        size: height and width of the picture.
        seed: of the circumstances and the motion.
        samples: rays per pixel and direction.
    """
    height, width = size[0], size[1] // len(seeds)
    identities = [sample_identity(one) for one in seeds]
    sitters = [Sitter(identity) for identity in identities]
    scenes = [sample_conditions(who, np.random.default_rng([who.seed, 20, seed])) for who in identities]
    for index in range(round(seconds * fps)):
        photos = []
        for sitter, scene in zip(sitters, scenes, strict=True):
            moment = _Moment(index / fps, sitter.identity.seed, seed)
            place = (width / height / 2 + moment.drift(0, 0.04, 0.25), 0.52 + moment.drift(1, 0.02, 0.3))
            shot = ((place[0], place[1]), SPAN * (1 + moment.drift(2, 0.06, 0.15)))
            photos.append(take_photo(sitter, _now(scene, moment), size=(height, width), scene=shot, samples=samples))
        yield _joined(photos, size, scenes[0].noise, np.random.default_rng([seed, 21, index]))


class _Moment:
    """Smooth motion at a time: sums of three waves of unrelated periods."""

    def __init__(self, time: float, person: int, seed: int) -> None:
        self.time, self.phases = time, np.random.default_rng([person, 22, seed]).uniform(0, 2 * math.pi, (16, 3))

    def drift(self, channel: int, most: float, rate: float) -> float:
        """Within ``most`` of zero, about ``rate`` times a second."""
        turns = 2 * math.pi * rate * self.time * np.array([1, 1.7, 0.6])
        return most * float(np.sin(turns + self.phases[channel]) @ (0.5, 0.3, 0.2))


def _now(scene: Conditions, moment: _Moment) -> Conditions:
    talk = max(0.0, 0.3 + moment.drift(3, 1.2, 0.3))  # pauses between sentences
    mouth = {"jawOpen": talk * abs(moment.drift(4, 0.4, 1.6)), "mouthFunnel": talk * max(0.0, moment.drift(5, 0.5, 1.1))}
    smile, side, up = max(0.0, moment.drift(6, 0.6, 0.1)), moment.drift(7, 0.5, 0.3), moment.drift(8, 0.25, 0.2)
    lids = max(0.08, 1 - abs((moment.time + moment.phases[9, 0]) % 3.7 - 0.15) / 0.12)  # a blink every 3.7 seconds
    look = {"eyeLookInLeft": max(0.0, side), "eyeLookOutRight": max(0.0, side), "eyeLookInRight": max(0.0, -side),
            "eyeLookOutLeft": max(0.0, -side)}  # fmt: skip
    for eye in ("Left", "Right"):
        look |= {f"eyeLookUp{eye}": max(0.0, up), f"eyeLookDown{eye}": max(0.0, -up)}
        mouth |= {f"mouthSmile{eye}": smile, f"eyeBlink{eye}": lids, f"mouthLowerDown{eye}": 0.5 * mouth["jawOpen"]}
    yaw, pitch, roll = moment.drift(10, 24, 0.22), moment.drift(11, 8, 0.3), moment.drift(12, 7, 0.25)
    return replace(
        scene, actions=mouth | look, expression="talk", yaw=yaw, pitch=pitch, roll=roll, noise=0.0, blur=BLUR, jpeg=97
    )


def _joined(
    photos: Sequence[Photo], size: tuple[int, int], noise: float, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    pixels = np.concatenate([photo.pixels for photo in photos], 1)
    grain = rng.standard_normal((*pixels.shape[:2], 1), np.float32) * noise * 255
    pixels = np.clip(np.round(pixels + grain), 0, 255).astype(np.uint8)
    pixels = np.pad(pixels, ((0, 0), (0, size[1] - pixels.shape[1]), (0, 0)))
    width = size[1] // len(photos)
    return pixels, np.array([photo.landmarks + np.array([index * width, 0]) for index, photo in enumerate(photos)])
