"""Masks learned on one recognizer and tried on all: what the transfer lab shows, apart from how it looks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from opom_edu.evaluation import Gallery, rates
from opom_edu.evaluation.gallery import Probes
from opom_edu.faces import People
from opom_edu.masks import LEARNED, Mask, Method, RandomNoise, make_method, transfer
from opom_edu.masks.mask import check_eps
from opom_edu.recognizers import Recognizer, check_recognizer


@dataclass(frozen=True)
class Setting:
    """How masks are learned, but for the surrogate.

    Args:
        method: one of :data:`LEARNED`.
        levels: epsilon in gray levels of 255, 0 to 255.
        steps: of learning, 1 or more.
        transfer: some parts of the bundle of :func:`opom_edu.masks.transfer`.

    Example:
        >>> Setting(levels=4, transfer=frozenset({"flips"})).steps
        16
    """

    method: str = "convex"
    levels: float = 8.0
    steps: int = 16
    transfer: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.method not in LEARNED:
            raise ValueError(f"unknown method {self.method!r}; choose one of {', '.join(LEARNED)}")
        check_eps(self.levels / 255)
        transfer(self.transfer)


class TransferModel:
    """Protection success rates of masks on every recognizer, by the recognizer they were learned on; each computed once.

    The rates are those of :func:`opom_edu.protection` at rank 1: means over all of ``people``, in percent. Not for several
    threads at once: a view gives all its work to one.

    Args:
        people: few, for everybody gets a mask; each with two test photos or more.
        recognizers: those that are differentiable may be surrogates, one at least.
        seed: of learning.

    Raises:
        ValueError: if a recognizer is given twice or is none, or if no one is differentiable.

    Example:
        >>> model = TransferModel(people, [surrogate, black_box])
        >>> model.method(surrogate.name, Setting(steps=8)).name
        'OPOM convex'
    """

    def __init__(self, people: People, recognizers: Sequence[Recognizer], *, seed: int = 0) -> None:
        self.recognizers = {check_recognizer(r, "every recognizer").name: r for r in recognizers}
        if len(self.recognizers) < len(recognizers):
            raise ValueError(f"every recognizer counts once, got {', '.join(r.name for r in recognizers)}")
        self.surrogates = [name for name, recognizer in self.recognizers.items() if recognizer.differentiable]
        if not self.surrogates:
            raise ValueError("a mask is learned on a differentiable recognizer; give at least one")
        self.people, self.seed = people, seed
        self._masks: dict[tuple[str, Setting], dict[str, Mask]] = {}
        self._galleries: dict[str, tuple[Gallery, Mapping[str, Probes]]] = {}
        self._noise: dict[tuple[str, float], float] = {}
        self._rates: dict[tuple[str, Setting, str], float] = {}

    def method(self, surrogate: str, setting: Setting) -> Method:
        """The method that learns on the surrogate of that name."""
        method = make_method(
            setting.method, self.recognizers[surrogate], eps=setting.levels / 255, seed=self.seed, steps=setting.steps,
            **transfer(setting.transfer),
        )  # fmt: skip
        assert isinstance(method, Method)  # all of LEARNED are
        return method

    def learn(self, surrogate: str, setting: Setting) -> Iterator[float]:
        """Learn everybody's mask if that is not done, yielding the share that is done; one given up halfway is not kept."""
        if (surrogate, setting) in self._masks:
            return
        method, masks = self.method(surrogate, setting), {}
        for done, person in enumerate(self.people.values()):
            for step in method.iterate(person.train):
                yield (done + step.progress) / len(self.people)
            masks[person.name] = Mask(step.delta.cpu(), method.eps, method.recipe())
        self._masks[surrogate, setting] = masks

    def look(self, target: str) -> None:
        """Let the recognizer of that name see all clean photos, which takes a while once."""
        if target not in self._galleries:
            gallery = Gallery.of(self.recognizers[target], self.people)
            self._galleries[target] = gallery, gallery.probes()

    def white_box(self, surrogate: str, target: str) -> bool:
        """Whether the two recognizers of these names share a network."""
        return self.recognizers[target].shares_network(self.recognizers[surrogate])

    def known(self, surrogate: str, setting: Setting, target: str) -> float | None:
        """The rate if it was computed."""
        return self._rates.get((surrogate, setting, target))

    def rate(self, surrogate: str, setting: Setting, target: str) -> float:
        """Protection success rate, in percent, on ``target`` of masks from ``surrogate``, which must be learned."""
        if (surrogate, setting, target) not in self._rates:
            if (surrogate, setting) not in self._masks:
                raise ValueError(f"the masks of {surrogate} are not learned yet; exhaust TransferModel.learn first")
            self._rates[surrogate, setting, target] = self._measure(target, self._masks[surrogate, setting])["psr_1"]
        return self._rates[surrogate, setting, target]

    def noise(self, target: str, levels: float) -> float:
        """The same rate with random noise in place of masks."""
        if (target, levels) not in self._noise:
            method = RandomNoise(eps=levels / 255, seed=self.seed)
            masks = {name: method.fit(person.train) for name, person in self.people.items()}
            self._noise[target, levels] = self._measure(target, masks)["psr_1"]
        return self._noise[target, levels]

    def unprotected(self, target: str) -> float:
        """The same rate without masks."""
        self.look(target)
        _, clean = self._galleries[target]
        return rates(clean, clean, (1,))["unprotected_1"]

    def _measure(self, target: str, masks: Mapping[str, Mask]) -> dict[str, float]:
        self.look(target)
        gallery, clean = self._galleries[target]
        return rates(gallery.probes(masks), clean, (1,))

    def work(self, surrogates: Sequence[str], setting: Setting) -> Iterator[tuple[str, float]]:
        """All the rates of these surrogates, step by step: what is being done, and the share of it that is done."""
        for done, surrogate in enumerate(surrogates):
            for share in self.learn(surrogate, setting):
                yield f"learning on {surrogate}", (done + share / 2) / len(surrogates)
            for count, target in enumerate(self.recognizers):
                yield f"asking {target}", (done + 0.5 + count / 2 / len(self.recognizers)) / len(surrogates)
                self.noise(target, setting.levels)
                self.rate(surrogate, setting, target)
