"""Masks while they are being learned, every step kept: what the mask player shows, apart from how it looks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from opom_edu.errors import PeopleError
from opom_edu.faces import People, Person, quantize
from opom_edu.masks import Method, RandomNoise, make_method
from opom_edu.masks.mask import check_eps
from opom_edu.recognizers import Recognizer, check_recognizer

NO_WARMUP = "convex, no warm-up"
WAYS = ("center", "reduced", "convex", NO_WARMUP, "affine", "fi-uap")
KEPT = 24  # runs of some 3 MB each
STRANGERS = 200  # as many as a picture bears


@dataclass(frozen=True, eq=False)
class Frame:
    """What is there after ``index`` steps.

    Attributes:
        loss: mean squared distance of the masked training photos to their targets, 0 to 4.
        train, test: ``(K, D)`` and ``(N, D)``, embeddings of the masked training photos, and of the masked test photos,
            which it never saw, in 8 bit. At frame 0 every training photo has noise of its own, and test photos have none.
        delta: ``(3, H, W)``, the mask.

    Example:
        >>> frame = next(record(OPOM(surrogate, steps=2), ada))
        >>> frame.index, frame.train.shape, frame.delta.shape
        (0, torch.Size([10, 128]), torch.Size([3, 112, 112]))
    """

    index: int
    loss: float
    train: Tensor
    test: Tensor
    delta: Tensor


def record(method: Method, person: Person) -> Iterator[Frame]:
    """Learn one person's mask and yield all that can be watched, from frame 0 to ``method.steps``.

    The last frame's ``delta`` is the mask that ``method.fit(person.train)`` returns. With transforms, ``train`` and ``loss``
    are those of the transformed photos, as the method saw them.

    Example:
        >>> [frame.index for frame in record(OPOM(surrogate, steps=2), ada)]
        [0, 1, 2]
    """
    # One step more, for a step tells the loss and the embeddings of the mask with which it began.
    delta = torch.zeros_like(person.train[0])
    for step in replace(method, steps=method.steps + 1).iterate(person.train):
        masked = quantize((person.test + delta).clamp(0, 1))
        yield Frame(step.index, float(step.loss), step.embeddings.cpu(), method.surrogate.embed(masked).cpu(), delta)
        delta = step.delta.cpu()


def similarities(frame: Frame, clean: Tensor) -> tuple[Tensor, Tensor]:
    """Mean cosine of each masked training photo ``(K,)`` and test photo ``(N,)`` to the person's *other* clean photos.

    Args:
        clean: ``(K + N, D)``, embeddings of the unmasked photos, training photos first.

    Example:
        >>> clean = surrogate.embed(torch.cat([ada.train, ada.test]))
        >>> train, test = similarities(next(record(OPOM(surrogate, steps=2), ada)), clean)
        >>> train.shape, test.shape
        (torch.Size([10]), torch.Size([10]))
    """
    cosines = torch.cat([frame.train, frame.test]) @ clean.T
    others = (cosines.sum(1) - cosines.diagonal()) / (len(clean) - 1)
    return others[: len(frame.train)], others[len(frame.train) :]


def learning_curve(method: Method, person: Person) -> pd.DataFrame:
    """A row per step from 0 on: ``loss``, and the mean similarities of masked ``training`` and of unseen ``test`` photos.

    The similarity of a photo is that to the person's other, clean photos: see :func:`similarities`.

    Example:
        >>> learning_curve(OPOM(surrogate, steps=2), ada).shape
        (3, 3)
    """
    clean = method.surrogate.embed(quantize(torch.cat([person.train, person.test]))).cpu()
    rows = []
    for frame in record(method, person):
        train, test = similarities(frame, clean)
        rows.append({"loss": frame.loss, "training": float(train.mean()), "test": float(test.mean())})
    return pd.DataFrame(rows).rename_axis("step")


@dataclass(frozen=True)
class Take:
    """Whose mask is learned and how: ``way`` is one of :data:`WAYS`, ``levels`` epsilon in gray levels of 255.

    Example:
        >>> Take("Ada", way="center").levels
        8.0
    """

    person: str
    way: str = "convex"
    levels: float = 8.0

    def __post_init__(self) -> None:
        check_eps(self.levels / 255)
        if self.way not in WAYS:
            raise ValueError(f"unknown way {self.way!r}; choose one of {', '.join(WAYS)}")


@dataclass(frozen=True, eq=False)
class Scene:
    """What stays as it is while a mask is learned.

    Attributes:
        clean: ``(K + N, D)``, embeddings of the person's photos, training photos first.
        strangers: ``(M, D)``, embeddings of others.
        stranger: mean similarity of the two.
        noise: mean similarity of test photos under random noise of the mask's size to the person's other photos.

    Example:
        >>> scene = ReplayModel(people, surrogate, steps=8).scene(Take("Ada"))
        >>> scene.clean.shape
        torch.Size([20, 128])
    """

    clean: Tensor
    strangers: Tensor
    stranger: float
    noise: float


class ReplayModel:
    """Runs, each computed once; the last :data:`KEPT` are kept.

    Args:
        people: two or more, or one and distractors.
        surrogate: differentiable; masks are learned on it and seen with its eyes.
        steps: of every run, 8 or more.
        seed: of the starting noise.

    Raises:
        PeopleError: if there are no strangers.
        ValueError: for too few steps, or something else than a differentiable recognizer.

    Example:
        >>> model = ReplayModel(people, surrogate, steps=8)
        >>> model.method(Take("Ada", way="center")).name
        'OPOM center'
    """

    def __init__(self, people: People, surrogate: Recognizer, *, steps: int = 32, seed: int = 0) -> None:
        if len(people) < 2 and not len(people.distractors):
            raise PeopleError("a feature space with a single person has no strangers; add people or distractors")
        if steps < 8:
            raise ValueError(f"warming up takes 5 steps and the hull some more: steps must be 8 or more, got {steps}")
        self.people, self.surrogate = people, check_recognizer(surrogate, "surrogate")
        self.steps, self.seed = steps, seed
        self._runs: dict[Take, Sequence[Frame]] = {}
        self._embedded, self._noise = cache(self._embed), cache(self._under_noise)
        self.method(Take(next(iter(people))))  # a black box is refused here, not in a thread

    def method(self, take: Take) -> Method:
        """The method that learns a take."""
        parameters: dict[str, Any] = {"warmup": 0} if take.way == NO_WARMUP else {}
        name = "convex" if take.way == NO_WARMUP else take.way
        method = make_method(name, self.surrogate, eps=take.levels / 255, steps=self.steps, seed=self.seed, **parameters)
        assert isinstance(method, Method)  # all of WAYS are learned
        return method

    def known(self, take: Take) -> Sequence[Frame] | None:
        """All frames of a take, or None while it has to be learned."""
        return self._runs.get(take)

    def learn(self, take: Take) -> Iterator[Sequence[Frame]]:
        """Learn a take if it is not known, yielding the frames so far; nothing is kept of one given up halfway."""
        if take in self._runs:
            return
        frames: list[Frame] = []
        for frame in record(self.method(take), self.people[take.person]):
            frames.append(replace(frame, delta=frame.delta.half()))  # half the memory; the picture is the same
            yield frames
        self._runs[take] = frames
        while len(self._runs) > KEPT:
            del self._runs[next(iter(self._runs))]

    def scene(self, take: Take) -> Scene:
        """What is around the person of a take."""
        clean, strangers = self._embedded(take.person)
        return Scene(clean, strangers, float((clean @ strangers.T).mean()), self._noise(take.person, take.levels))

    def _embed(self, name: str) -> tuple[Tensor, Tensor]:
        person = self.people[name]
        others = [other.test for other in self.people.values() if other is not person]
        strangers = self.people.distractors if len(self.people.distractors) else torch.cat(others)
        groups = torch.cat([person.train, person.test]), strangers[:STRANGERS]
        clean, elsewhere = (self.surrogate.embed(quantize(photos)).cpu() for photos in groups)
        return clean, elsewhere

    def _under_noise(self, name: str, levels: float) -> float:
        person, (clean, _) = self.people[name], self._embedded(name)
        noise = RandomNoise(eps=levels / 255, seed=self.seed).fit(person.train)
        masked = self.surrogate.embed(quantize(noise.apply(person.test))).cpu()
        noisy = Frame(0, 0.0, clean[: len(person.train)], masked, noise.delta)
        return float(similarities(noisy, clean)[1].mean())


@dataclass(frozen=True, eq=False)
class Plane:
    """A plane in feature space, through ``mean (D,)`` along ``axes (2, D)``; ``share`` of the spread it was fitted to.

    Example:
        >>> plane = plane_of_photos(ReplayModel(people, surrogate, steps=8).scene(Take("Ada")))
        >>> plane.axes.shape, 0 < plane.share < 1
        (torch.Size([2, 128]), True)
    """

    mean: Tensor
    axes: Tensor
    share: float

    @classmethod
    def fit(cls, points: Tensor, origin: Tensor, away: Tensor) -> Plane:
        """The first two principal components of ``points (M, D)``, turned so that ``away (D,)`` lies right of and above
        ``origin (D,)``: pictures of the same thing should not come out mirrored."""
        from sklearn.decomposition import PCA

        pca = PCA(2, svd_solver="covariance_eigh").fit(points.numpy())
        axes = torch.from_numpy(pca.components_).to(points.dtype)
        signs = torch.where(axes @ (away - origin) < 0, -1.0, 1.0)
        mean = torch.from_numpy(pca.mean_).to(points.dtype)
        return cls(mean, axes * signs[:, None], float(pca.explained_variance_ratio_.sum()))

    def __call__(self, points: Tensor) -> Tensor:
        """Where ``points (..., D)`` fall on the plane, ``(..., 2)``."""
        return (points - self.mean) @ self.axes.T


def plane_of_photos(scene: Scene) -> Plane:
    """The plane that best shows the person's clean photos among strangers.

    Example:
        >>> scene = ReplayModel(people, surrogate, steps=8).scene(Take("Ada"))
        >>> plane_of_photos(scene).axes.shape
        torch.Size([2, 128])
    """
    return Plane.fit(torch.cat([scene.clean, scene.strangers]), scene.clean.mean(0), scene.strangers.mean(0))


def plane_of_paths(scene: Scene, runs: Sequence[Sequence[Frame]]) -> Plane:
    """The plane that best shows the ways which the person's test photos go in ``runs``.

    Example:
        >>> scene = ReplayModel(people, surrogate, steps=8).scene(Take("Ada"))
        >>> run = list(record(OPOM(surrogate, steps=3), ada))
        >>> plane_of_paths(scene, [run]).axes.shape
        torch.Size([2, 128])
    """
    points = torch.cat([scene.clean, *(frame.test for run in runs for frame in run)])
    return Plane.fit(points, scene.clean.mean(0), runs[0][-1].test.mean(0))


def same_sign(one: Tensor, other: Tensor) -> float:
    """Share of the values, 0 to 1, in which two masks ``(3, H, W)`` point the same way.

    Example:
        >>> same_sign(torch.tensor([1.0, -1.0]), torch.tensor([2.0, 3.0]))
        0.5
    """
    return float((one.sign() == other.sign()).float().mean())
