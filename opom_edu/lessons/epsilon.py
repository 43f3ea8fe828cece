"""What an epsilon lab knows, apart from how it looks: masks, similarities and rates, each computed once and kept."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from opom_edu.errors import PeopleError
from opom_edu.evaluation import Gallery, image_quality, thresholds_for
from opom_edu.faces import People, quantize
from opom_edu.masks import Mask, Method, RandomNoise, Step, make_method, transfer
from opom_edu.recognizers import Recognizer, check_recognizer

LARGEST = 16.0  # gray levels of 255, in steps of a half
GRID = tuple(level / 2 for level in range(1, int(2 * LARGEST) + 1))
ANCHORS = (4.0, 8.0, LARGEST)  # learned from noise; every other level starts from the next of these, clipped
STEPS, WARM_STEPS = 16, 6
SOURCES = ("learned", "clipped", "random")
HULLS = ("center", "reduced", "convex", "affine")
SLOW = 0.03  # seconds per photo: a recognizer that takes longer waits until the slider rests


@dataclass(frozen=True)
class Choice:
    """What the controls of a lab say.

    Args:
        person, photo: whose test photo is the probe, and which, counted from 0.
        method: one of :data:`opom_edu.masks.LEARNED`.
        levels: epsilon in gray levels of 255, 0 to 16 in steps of 0.5.
        source: "learned" for this epsilon, "clipped" from the mask for 16 levels, or "random" noise of the same size.
        transfer: learn with the bundle of :func:`opom_edu.masks.transfer`.

    Example:
        >>> Choice("Ada", levels=4).method
        'convex'
    """

    person: str
    photo: int = 0
    method: str = "convex"
    levels: float = 8.0
    source: str = "learned"
    transfer: bool = False

    def __post_init__(self) -> None:
        if self.source not in SOURCES:
            raise ValueError(f"source must be one of {', '.join(SOURCES)}, got {self.source!r}")
        if self.levels != 0 and self.levels not in GRID:
            raise ValueError(f"levels must be within 0 and {LARGEST:g} in steps of 0.5, got {self.levels!r}")

    @property
    def eps(self) -> float:
        return self.levels / 255


@dataclass(frozen=True, eq=False)
class Score:
    """What one recognizer makes of one probe. Similarities are cosines.

    Attributes:
        similarity, unprotected: of the protected and of the clean probe to the person's photo in the gallery.
        threshold: above it the recognizer says that two photos are of one person.
        stranger: mean similarity of the person's clean photos to the others in the gallery.
        rank: the person's place among the gallery's photos sorted by similarity, from 1.
        first: ``(3, H, W)``, the photo at the first place.

    Example:
        >>> model = EpsilonModel(people, surrogate, [black_box], fmr=0.05)
        >>> model.score(surrogate.name, Choice("Ada", levels=0)).first.shape
        torch.Size([3, 112, 112])
    """

    similarity: float
    unprotected: float
    threshold: float
    stranger: float
    rank: int
    first: Tensor

    @property
    def match(self) -> bool:
        return self.similarity > self.threshold


@dataclass(frozen=True)
class Rate:
    """Protection success rates at rank 1 over all of a person's test photos, in percent.

    Example:
        >>> model = EpsilonModel(people, surrogate, [black_box], fmr=0.05)
        >>> rate = model.rate(surrogate.name, Choice("Ada", levels=0))
        >>> rate.psr == rate.unprotected
        True
    """

    psr: float
    unprotected: float


class EpsilonModel:
    """Masks and what recognizers make of them; everything that was computed is kept.

    The gallery holds one clean photo of the person, the one after the probe, and the distractors (without these, the other
    people's test photos). Not for several threads at once: a view gives all its work to one,
    but for :meth:`prepare` of a recognizer that no other thread uses yet.

    Args:
        people: three or more, with two test photos each or more.
        surrogate: the white box on which masks are learned.
        targets: the black boxes.
        fmr: the false-match rate, 0 to 1, of each recognizer's threshold: see :func:`opom_edu.evaluation.thresholds_for`.
        seed: of the masks.

    Raises:
        PeopleError: with fewer than three people.
        ValueError: if a recognizer is given twice or is none.

    Example:
        >>> model = EpsilonModel(people, surrogate, [black_box], fmr=0.05)
        >>> model.mask(Choice("Ada", source="random")).delta.shape
        torch.Size([3, 112, 112])
    """

    def __init__(
        self, people: People, surrogate: Recognizer, targets: Sequence[Recognizer], *, fmr: float = 1e-2, seed: int = 0
    ) -> None:
        if len(people) < 3:
            raise PeopleError(f"thresholds are calibrated on pairs of other people: three are needed, got {len(people)}")
        everybody = [check_recognizer(r, "every recognizer") for r in (surrogate, *targets)]
        self.recognizers = {recognizer.name: recognizer for recognizer in everybody}
        if len(self.recognizers) < len(everybody):
            raise ValueError(f"every recognizer counts once, got {', '.join(r.name for r in everybody)}")
        self.people, self.surrogate, self.fmr, self.seed = people, surrogate, fmr, seed
        self._masks: dict[tuple[Any, ...], Mask] = {}
        self._galleries: dict[str, Gallery] = {}
        self._thresholds: dict[str, dict[str, float]] = {}
        self._scores: dict[tuple[str, Choice], Score] = {}
        self._rates: dict[tuple[str, Choice], Rate] = {}
        self._slow: dict[str, bool] = {}
        self._last: tuple[Choice, Tensor] | None = None

    def mask(self, choice: Choice) -> Mask | None:
        """The mask of a choice, or None while it has to be learned."""
        person = self.people[choice.person]
        if not choice.levels:
            return Mask(torch.zeros_like(person.train[0]), 0.0, {"method": "none"})
        if choice.source == "random":
            return RandomNoise(eps=choice.eps, seed=self.seed).fit(person.train)
        if choice.source == "learned":
            return self._masks.get(_key(choice))
        largest = self._masks.get(_key(replace(choice, levels=LARGEST)))
        if largest is None:
            return None
        recipe = {**largest.recipe, "clipped_from": largest.eps}
        return Mask(largest.delta.clamp(-choice.eps, choice.eps), choice.eps, recipe)

    def learn(self, choice: Choice) -> Iterator[Step]:
        """Learn what :meth:`mask` lacks, step by step; nothing is kept of a mask given up halfway."""
        if self.mask(choice) is not None:
            return
        levels = LARGEST if choice.source == "clipped" else choice.levels
        choice = replace(choice, levels=levels, source="learned")
        anchor = next(anchor for anchor in ANCHORS if anchor >= levels)
        start = None
        if anchor != levels:
            yield from self.learn(replace(choice, levels=anchor))
            start = self._masks[_key(replace(choice, levels=anchor))].delta
        method = self._method(choice, warm=start is not None)
        for step in method.iterate(self.people[choice.person].train, start):
            yield step
        recipe = method.recipe() | ({} if start is None else {"started_from": anchor / 255})
        self._masks[_key(choice)] = Mask(step.delta.cpu(), choice.eps, recipe)

    def _method(self, choice: Choice, *, warm: bool) -> Method:
        parameters: dict[str, Any] = {"steps": WARM_STEPS if warm else STEPS, "seed": self.seed}
        if warm and choice.method in HULLS:
            parameters["warmup"] = 0  # the mask it starts from is outside of the hull already
        if choice.transfer:
            parameters |= transfer()
        method = make_method(choice.method, self.surrogate, eps=choice.eps, **parameters)
        if not isinstance(method, Method):
            raise ValueError(f"{choice.method} learns nothing; choose it as the source of the mask")
        return method

    def slow(self, name: str) -> bool:
        """Whether this recognizer takes so long per photo that it should wait for the slider to rest."""
        if name not in self._slow:
            photo = next(iter(self.people.values())).test[:1]
            seconds = []
            for _ in range(3):  # the first call pays for what is set up once, any for what else the machine does
                start = time.perf_counter()
                self.recognizers[name].embed(photo)
                seconds.append(time.perf_counter() - start)
            self._slow[name] = min(seconds) > SLOW
        return self._slow[name]

    def ready(self, name: str) -> bool:
        """Whether the clean photos are embedded, which takes seconds once."""
        return name in self._galleries

    def prepare(self, name: str) -> None:
        """Embed all clean photos with this recognizer and find its threshold, if that is not done yet."""
        if not self.ready(name):
            gallery = Gallery.of(self.recognizers[name], self.people)
            self._thresholds[name] = thresholds_for(gallery, (self.fmr,))[self.fmr]
            self._galleries[name] = gallery

    def protected(self, choice: Choice) -> Tensor:
        """All test photos of the person under the mask, ``(N, 3, H, W)``, rounded to 8 bit. The mask must be there."""
        key = replace(choice, photo=0)
        if self._last is None or self._last[0] != key:
            self._last = key, quantize(self._known(choice).apply(self.people[choice.person].test))
        return self._last[1]

    def quality(self, choice: Choice) -> tuple[float, float]:
        """PSNR in dB and SSIM of the protected probe."""
        one = slice(choice.photo, choice.photo + 1)
        table = image_quality(quantize(self.people[choice.person].test[one]), self.protected(choice)[one])
        return float(table["psnr"].iloc[0]), float(table["ssim"].iloc[0])

    def enrolled(self, choice: Choice) -> int:
        """Which of the person's test photos is in the gallery: the one after the probe."""
        return (choice.photo + 1) % len(self.people[choice.person].test)

    def score(self, name: str, choice: Choice) -> Score:
        """What the recognizer of that name makes of the probe. The mask must be there."""
        if (name, choice) not in self._scores:
            self.prepare(name)
            gallery, own = self._galleries[name], self._galleries[name].own[choice.person]
            others = gallery.strangers(choice.person)
            probe = self.recognizers[name].embed(self.protected(choice)[choice.photo][None])[0]
            enrolled = own[self.enrolled(choice)]
            similarity, elsewhere = float(probe @ enrolled), others @ probe
            rank = 1 + int((elsewhere > similarity).sum())
            photos = self.people[choice.person].test if rank == 1 else self._strangers(choice.person)
            face = photos[self.enrolled(choice) if rank == 1 else int(elsewhere.argmax())]
            self._scores[name, choice] = Score(
                similarity, float(own[choice.photo] @ enrolled), self._thresholds[name][choice.person],
                float((gallery.own[choice.person] @ others.T).mean()), rank, face,
            )  # fmt: skip
        return self._scores[name, choice]

    def known_rate(self, name: str, choice: Choice) -> Rate | None:
        """The rate if :meth:`rate` has computed it already."""
        return self._rates.get((name, replace(choice, photo=0)))

    def rate(self, name: str, choice: Choice) -> Rate:
        """Protection success rate over all test photos. The mask must be there."""
        key = name, replace(choice, photo=0)
        if key not in self._rates:
            self.prepare(name)
            both = ({choice.person: self._known(choice)}, None)
            found = [self._galleries[name].probes(masks, among=[choice.person])[choice.person] for masks in both]
            self._rates[key] = Rate(*(100 * probes.success(1) for probes in found))
        return self._rates[key]

    def _strangers(self, person: str) -> Tensor:
        """The photos whose embeddings are :meth:`Gallery.strangers`."""
        if len(self.people.distractors):
            return self.people.distractors
        return torch.cat([other.test for name, other in self.people.items() if name != person])

    def _known(self, choice: Choice) -> Mask:
        mask = self.mask(choice)
        if mask is None:
            raise ValueError(f"the mask for {choice} is not learned yet; exhaust EpsilonModel.learn(choice) first")
        return mask


def _key(choice: Choice) -> tuple[Any, ...]:
    return choice.person, choice.method, choice.transfer, choice.levels
