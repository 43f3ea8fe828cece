"""What a threshold lab knows apart from how it looks: all pairs of photos, and what a threshold makes of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from opom_edu.errors import PeopleError
from opom_edu.evaluation import roc, threshold_at
from opom_edu.faces import People, quantize
from opom_edu.recognizers import Recognizer


@dataclass(frozen=True, eq=False)
class PairModel:
    """Every pair of photos once, with its similarity by one recognizer.

    Attributes:
        names: ``N`` photos' captions; ``photos (N, 3, H, W)``.
        rows, columns: ``(P,)``, the two photos of each pair.
        same: ``(P,)``, whether they show one person (a genuine pair) or two (an impostor pair).
        similarity: ``(P,)``, cosines.
        curve: the ROC: see :func:`opom_edu.evaluation.roc`.

    Example:
        >>> pairs = PairModel.of(black_box, people)
        >>> pairs.genuine.shape, -1 < pairs.threshold(0.01) < 1
        (torch.Size([135]), True)
    """

    names: list[str]
    photos: Tensor
    rows: Tensor
    columns: Tensor
    same: Tensor
    similarity: Tensor
    curve: pd.DataFrame

    @classmethod
    def of(cls, recognizer: Recognizer, people: People) -> PairModel:
        """All pairs among everybody's test photos and the strangers' photos (the distractors), rounded to 8 bit.

        Raises:
            PeopleError: if there are no two people, or nobody has two test photos.
        """
        photos = torch.cat([*(person.test for person in people.values()), people.distractors])
        owners = [(name, index) for name, person in people.items() for index in range(len(person.test))]
        names = [f"{name}, test photo {index + 1}" for name, index in owners]
        names += [f"stranger {index + 1}" for index in range(len(people.distractors))]
        numbers = {name: number for number, name in enumerate(people)}
        labels = [numbers[name] for name, _ in owners] + [len(numbers) + i for i in range(len(people.distractors))]
        label = torch.tensor(labels)
        rows, columns = torch.triu_indices(len(label), len(label), 1)
        same = label[rows] == label[columns]
        if not bool(same.any()) or bool(same.all()):
            raise PeopleError("pairs of one person and of two are needed: two people or more, with two test photos each")
        embeddings = recognizer.embed(quantize(photos)).cpu()
        similarity = (embeddings @ embeddings.T)[rows, columns]
        return cls(names, photos, rows, columns, same, similarity, roc(similarity[same], similarity[~same]))

    @property
    def genuine(self) -> Tensor:
        """Similarities of the pairs of one person."""
        return self.similarity[self.same]

    @property
    def impostor(self) -> Tensor:
        """Similarities of the pairs of two people."""
        return self.similarity[~self.same]

    def threshold(self, fmr: float) -> float:
        """The lowest threshold with a false-match rate of at most ``fmr``: see :func:`opom_edu.evaluation.threshold_at`."""
        return threshold_at(self.impostor, fmr)

    def counts(self, threshold: float) -> dict[str, int]:
        """How many ``genuine`` and ``impostor`` pairs there are, and how many of each are ``accepted``, ``matched``:
        their similarity exceeds the threshold."""
        return {
            "genuine": len(self.genuine), "accepted": int((self.genuine > threshold).sum()),
            "impostor": len(self.impostor), "matched": int((self.impostor > threshold).sum()),
        }  # fmt: skip

    def wrong(self, threshold: float, *, same: bool, count: int) -> list[int]:
        """The ``count`` pairs judged wrongly and nearest to the threshold: rejected pairs of one person if ``same``,
        otherwise matched pairs of two; fewer if there are fewer."""
        distance = self.similarity - threshold
        wrong = torch.where(self.same & (distance <= 0) if same else ~self.same & (distance > 0))[0]
        order: list[int] = wrong[distance[wrong].abs().argsort(stable=True)][:count].tolist()
        return order

    def histogram(self, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Shares of the genuine and of the impostor pairs between neighboring ``edges``; those outside at the border."""
        genuine, impostor = (values.numpy().clip(edges[0], edges[-1]) for values in (self.genuine, self.impostor))
        return np.histogram(genuine, edges)[0] / len(genuine), np.histogram(impostor, edges)[0] / len(impostor)
