"""Chapter 5's checks."""

import pandas as pd

from opom_edu import OPOM, Recognizer
from opom_edu.exercises import check
from opom_edu.faces import People
from opom_edu.masks import input_diversity, random_flip

NAMES = ["small", "near", "middle", "far"]
AGREEMENT = pd.DataFrame(
    [[1, 0.6, 0.3, 0.1], [0.6, 1, 0.2, 0.2], [0.3, 0.2, 1, 0.1], [0.1, 0.2, 0.1, 1]], NAMES, NAMES, dtype=float
)
TABLE = pd.DataFrame(
    {
        "recognizer": [name for name in NAMES for _ in range(2)],
        "method": ["OPOM", "random noise"] * 4,
        "psr_1": [90.0, 1, 60, 2, 30, 2, 5, 5],
        "similarity": [0.1, 0.8, 0.3, 0.8, 0.6, 0.8, 0.65, 0.8],
        "similarity_unprotected": 0.8,
    }
).set_index(["recognizer", "method"])
GIVEN = {"table": TABLE, "method": "OPOM", "surrogate": "small"}


def test_least_agreement() -> None:
    verdicts = [check("5.1", answer, agreement=AGREEMENT, surrogate="small") for answer in [*NAMES, "dlib", ...]]
    assert [verdict.right for verdict in verdicts] == [False, False, False, True, False, False]
    assert len({verdict.text for verdict in verdicts}) == 6


def test_black_box_rate() -> None:
    assert check("5.2", (60 + 30 + 5) / 3, **GIVEN).right
    wrong = ((90 + 60 + 30 + 5) / 4, (60 + 2 + 30 + 2 + 5 + 5) / 6, 0.3, ...)
    verdicts = [check("5.2", answer, **GIVEN) for answer in wrong]
    assert not any(verdict.right for verdict in verdicts)
    assert len({verdict.text for verdict in verdicts}) == 4


def test_mask_for_transfer(people: People, surrogate: Recognizer) -> None:
    images = people["person 0"].train
    transforms = [random_flip(), input_diversity()]
    assert check("5.3", OPOM(surrogate, steps=24, momentum=1.0, transforms=transforms).fit(images), surrogate="small").right
    forgotten = check("5.3", OPOM(surrogate, steps=24, transforms=transforms[:1]).fit(images), surrogate="small")
    assert not forgotten.right
    assert "momentum, input diversity" in forgotten.text
    assert "A Mask is wanted" in check("5.3", 3, surrogate="small").text
    assert not check("5.3", ..., surrogate="small").right


def test_correlation() -> None:
    learned = TABLE.xs("OPOM", level="method")
    fall, cosines = learned["similarity_unprotected"] - learned["similarity"], AGREEMENT["small"]
    right = cosines.drop("small").corr(fall.drop("small"))
    given = {**GIVEN, "agreement": AGREEMENT}
    assert check("5.4", right, **given).right
    verdicts = [check("5.4", answer, **given) for answer in (cosines.corr(fall), -right, 5, float("nan"), ...)]
    assert not any(verdict.right for verdict in verdicts)
    assert len({verdict.text for verdict in verdicts}) == 4


def test_the_most_helpful_rung() -> None:
    columns = ["small", "near", "far"]
    rungs = pd.DataFrame([[99.0, 50, 10], [98.0, 60, 5], [90.0, 55, 20]], ["plain", "a", "b"], columns)
    verdicts = [check("5.5", answer, rungs=rungs, surrogate="small") for answer in ["b", "a", "plain", "c", ...]]
    assert [verdict.right for verdict in verdicts] == [True, False, False, False, False]
    assert len({verdict.text for verdict in verdicts}) >= 4
