"""Maps of a feature space in two or three dimensions, and what a feature map knows apart from how it looks."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from opom_edu.evaluation.spread import people_embeddings
from opom_edu.faces import People, quantize
from opom_edu.lessons.epsilon import GRID, LARGEST, Choice, EpsilonModel
from opom_edu.recognizers import Recognizer, check_recognizer

PROJECTIONS = ("PCA", "UMAP")
NEIGHBORS = 15
LEVELS = (0.0, *GRID)
STRANGER = "stranger"
_FITTING = threading.Lock()  # numba may abort the process if two threads run its parallel code at once


@dataclass(frozen=True, eq=False)
class Projection:
    """A map: where each of N points lies, and where others would.

    Attributes:
        method: "PCA" or "UMAP".
        places: ``(N, 2)`` or ``(N, 3)``.
        variance: share of the points' variance that the map shows, 0 to 1; None for UMAP, of which nobody can say.

    Example:
        >>> draw_map(torch.rand(9, 4), "PCA").places.shape
        (9, 2)
    """

    method: str
    places: np.ndarray
    variance: float | None
    _model: Any

    def place(self, embeddings: Tensor) -> np.ndarray:
        """Where further points ``(M, D)`` lie, ``(M, 2)`` or ``(M, 3)``; a mapped point lies at its place.

        PCA is linear and maps them exactly. UMAP's own ``transform`` is far too slow for a slider: instead, a point is laid
        at the mean of its 15 nearest neighbors' places, weighted by one over their distances in feature space. It can
        therefore never leave the cloud of those neighbors, however far away it truly is.
        """
        points = embeddings.cpu().numpy()
        return np.asarray(self._model.transform(points) if self.method == "PCA" else self._model.predict(points))


def draw_map(embeddings: Tensor, method: str = "PCA", *, dims: int = 2, seed: int = 0) -> Projection:
    """Draw a map of points in feature space.

    Args:
        embeddings: ``(N, D)``, at least three.
        method: "PCA", a shadow: the flat view that shows the most variance; or "UMAP" (McInnes et al. 2018, arXiv
            1802.03426), which keeps neighbors together and lets go of distances. The first UMAP in a fresh
            installation compiles for half a minute or so.
        dims: 2 or 3.
        seed: of UMAP.

    Raises:
        ValueError: for an unknown method, other dims, or fewer than dims + 1 points.
        MissingExtraError: without umap-learn.

    Example:
        >>> draw_map(torch.rand(9, 4), "PCA", dims=3).places.shape
        (9, 3)
    """
    if method not in PROJECTIONS:
        raise ValueError(f"unknown method {method!r}; choose one of {', '.join(PROJECTIONS)}")
    if dims not in (2, 3) or len(embeddings) <= dims:
        raise ValueError(f"dims must be 2 or 3, and the points more than that; got dims={dims}, {len(embeddings)} points")
    points = embeddings.cpu().numpy()
    if method == "PCA":
        from sklearn.decomposition import PCA

        model = PCA(dims, random_state=seed).fit(points)
        return Projection(method, model.transform(points), float(model.explained_variance_ratio_.sum()), model)
    from sklearn.neighbors import KNeighborsRegressor

    neighbors = min(NEIGHBORS, len(points) - 1)
    places = _umap(points, neighbors, dims, seed)
    return Projection(method, places, None, KNeighborsRegressor(neighbors, weights="distance").fit(points, places))


def _umap(points: np.ndarray, neighbors: int, dims: int, seed: int) -> np.ndarray:
    from sklearn.neighbors import NearestNeighbors

    with _FITTING:
        try:
            from umap import UMAP
        except ImportError as error:
            from opom_edu.errors import MissingExtraError

            raise MissingExtraError("umap-learn", "lab") from error
        # Neighbors found by scikit-learn spare half of what numba would compile; UMAP then warns that it cannot place new
        # points, which it is never asked to. One job, as a seed asks for; from PCA and in 200 rounds, because a few hundred
        # points need no more.
        distances, indices = NearestNeighbors(n_neighbors=neighbors).fit(points).kneighbors(points)
        known = (indices, distances.astype(np.float32))
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "precomputed_knn", UserWarning)
            model = UMAP(neighbors, dims, precomputed_knn=known, init="pca", n_epochs=200, random_state=seed, n_jobs=1)
            return np.asarray(model.fit_transform(points), np.float64)


class MapModel:
    """Photos, embeddings, maps and masks; everything that was computed is kept. All but :meth:`fit` in one thread.

    Args:
        people: three or more; strangers (the distractors) are on the map too.
        recognizer: whose feature space is drawn.
        surrogate: on which masks are learned.
        seed: of UMAP and of the masks.

    Attributes:
        photos: ``(N, 3, H, W)``, the people's, then the strangers'.
        table: what is known of the people's photos: see :func:`opom_edu.evaluation.people_embeddings`.
        embeddings: ``(N, D)``.
        maps: by method and number of dimensions.

    Example:
        >>> model = MapModel(people, black_box, surrogate)
        >>> model.embeddings.shape
        torch.Size([84, 128])
    """

    def __init__(self, people: People, recognizer: Recognizer, surrogate: Recognizer, *, seed: int = 0) -> None:
        self.people, self.recognizer, self.seed = people, check_recognizer(recognizer, "recognizer"), seed
        self.masks = EpsilonModel(people, surrogate, [], seed=seed)
        self.photos = torch.cat([*(part for p in people.values() for part in (p.train, p.test)), people.distractors])
        own, self.table = people_embeddings(recognizer, people)
        strangers = [recognizer.embed(quantize(people.distractors)).cpu()] if len(people.distractors) else []
        self.embeddings = torch.cat([own, *strangers])
        self.maps: dict[tuple[str, int], Projection] = {}
        self._masked: dict[str, Tensor] = {}

    def fit(self, method: str, dims: int) -> Projection:
        """The map, drawn if it has not been."""
        if (method, dims) not in self.maps:
            self.maps[method, dims] = draw_map(self.embeddings, method, dims=dims, seed=self.seed)
        return self.maps[method, dims]

    def rows(self, person: str, part: str | None = None) -> np.ndarray:
        """Indices of a person's photos."""
        chosen = self.table["person"] == person
        return np.flatnonzero(chosen if part is None else chosen & (self.table["part"] == part))

    def caption(self, index: int) -> str:
        """A photo in words: whose, and under which conditions."""
        if index >= len(self.table):
            return f"{STRANGER} {index - len(self.table) + 1}"
        row = self.table.iloc[index]
        told = [f"{row['person']}, {row['part']} photo {row['number']}"]
        told += [f"{name} {row[name]:.0f}°" for name in ("yaw", "pitch") if name in row]
        told += [str(row["expression"])] if "expression" in row else []
        return ", ".join(told)

    def protected(self, person: str, levels: float) -> Tensor:
        """The person's masked test photos, ``(N, 3, H, W)``, rounded to 8 bit; after :meth:`learn`."""
        mask = self.masks.mask(Choice(person, levels=levels, source="clipped"))
        assert mask is not None  # learned before
        return quantize(mask.apply(self.people[person].test))

    def learn(self, person: str) -> Iterator[float]:
        """Learn the mask for 16 levels and embed the test photos under it, clipped to every level; yields the share done."""
        if person in self._masked:
            return
        yield from (step.progress / 2 for step in self.masks.learn(Choice(person, levels=LARGEST)))
        found = []
        for index, levels in enumerate(LEVELS):
            found.append(self.recognizer.embed(self.protected(person, levels)).cpu())
            yield 0.5 + index / len(LEVELS) / 2
        self._masked[person] = torch.stack(found)

    def masked(self, person: str) -> Tensor | None:
        """``(33, N, D)``: embeddings of the person's test photos masked at 0, 0.5, ... 16 levels; None until learned."""
        return self._masked.get(person)

    def strays(self, person: str, levels: float) -> pd.Series:
        """What becomes of masked test photos in the whole feature space, not on a map.

        Returns:
            ``strays``: of how many of the ``photos`` the nearest photo is somebody else's, their own original left out;
            ``similarity`` to the mean of the person's training photos, and the same ``unprotected``.
        """
        masked = self._masked[person]
        now = masked[round(2 * levels)]
        similar = now @ self.embeddings.T
        own, test = self.rows(person), self.rows(person, "test")
        similar[torch.arange(len(test)), torch.from_numpy(test)] = -2.0
        center = self.embeddings[self.rows(person, "train")].mean(0)
        center = center / center.norm()
        strays = int((~np.isin(similar.argmax(1).numpy(), own)).sum())
        return pd.Series({"strays": strays, "photos": len(test), "similarity": float((now @ center).mean()),
                          "unprotected": float((masked[0] @ center).mean())})  # fmt: skip
