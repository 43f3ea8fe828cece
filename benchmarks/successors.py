"""Three later ideas on the same loop, each beside plain OPOM: synthetic people, surrogate ``ir-softmax``.

budget     a bound on SSIM in place of the one on epsilon: top-1 PSR in percent on a black box, and SSIM of the test photos
dispersal  do protected photos match one another? Top-1 PSR where the probe, the gallery's photo, or both are protected,
           and the mean cosine of two protected photos
key        the mask taken off again after JPEG: PSNR in dB to the clean photo, of random noise taken off, and of JPEG alone;
           the mean cosine to clean photos of the person and top-1 PSR on a black box

python benchmarks/successors.py [budget] [dispersal] [key]
"""

from __future__ import annotations

from collections.abc import Callable

from common import Rows, arguments, report

from opom_edu import OPOM, Mask, People, Recognizer, load_people, load_recognizer, protection
from opom_edu.evaluation import enrolled, mask_quality, unlocked
from opom_edu.masks import RandomNoise, perceptual_budget
from opom_edu.recognizers import SURROGATE

PEOPLE, BLACK_BOX, STEPS = 6, "seir-softmax", 40
Methods = dict[str, OPOM | RandomNoise]


def learn(method: OPOM | RandomNoise, people: People) -> dict[str, Mask]:
    return dict(zip(people, method.fit_many([person.train for person in people.values()]), strict=True))


def budget(people: People, surrogate: Recognizer, black_box: Recognizer) -> Rows:
    methods: Methods = {"random noise, eps 8": RandomNoise()}
    methods |= {f"eps {levels}": OPOM(surrogate, eps=levels / 255, steps=STEPS) for levels in (4, 8, 12)}
    for least in (0.95, 0.9, 0.85):
        budget = [perceptual_budget(least)]
        methods[f"SSIM {least}, eps 32"] = OPOM(surrogate, eps=32 / 255, steps=STEPS, gradients=budget)
    rows = []
    for name, method in methods.items():
        masks = learn(method, people)
        found = protection(black_box, people, masks, ranks=(1,)).iloc[0]
        ssim = float(mask_quality(people, masks)["ssim"])
        rows.append({"masks": name, "psr": found["psr_1"], "unprotected": found["unprotected_1"], "ssim": ssim})
    return rows


def dispersal(people: People, surrogate: Recognizer, black_box: Recognizer) -> Rows:
    methods: Methods = {"noise": RandomNoise(), "OPOM": OPOM(surrogate, steps=STEPS)}
    methods |= {f"dispersal {weight:g}": OPOM(surrogate, steps=STEPS, dispersal=weight) for weight in (1.0, 3.0, 10.0)}
    masks = {name: learn(method, people) for name, method in methods.items()}
    found = enrolled([surrogate, black_box], people, masks).set_index(["method", "recognizer", "masked"])
    rows = []
    for name in methods:
        for recognizer, kind in ((surrogate, "white box"), (black_box, "black box")):
            sides = found.loc[name, recognizer.name]
            about = {side: float(sides.loc[side, "psr_1"]) for side in ("probe", "gallery", "both")}
            cosine = float(sides.loc["both", "similarity"])
            rows.append({"masks": name, "recognizer": f"{recognizer.name} ({kind})", **about, "cosine": cosine})
    return rows


def key(people: People, surrogate: Recognizer, black_box: Recognizer) -> Rows:
    found = unlocked([black_box], people, {"OPOM": learn(OPOM(surrogate), people)})
    columns = ["quality", "psnr", "psnr_noise", "psnr_unprotected", "similarity", "similarity_unprotected", "psr_1"]
    return found[columns].to_dict("records")


PARTS: dict[str, Callable[[People, Recognizer, Recognizer], Rows]] = {"budget": budget, "dispersal": dispersal, "key": key}


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("parts", nargs="*", default=[*PARTS], help=f"of {', '.join(PARTS)}; by default all")
    options = parser.parse_args()
    demo = load_people("synthetic")
    people = People(list(demo.values())[: 2 if options.tiny else PEOPLE], demo.distractors)
    surrogate, black_box = load_recognizer(SURROGATE), load_recognizer(BLACK_BOX)
    for part in options.parts:
        found = PARTS[part](people, surrogate, black_box)
        report(
            f"successors_{part}", found, out=options.out, note=f"{people!r}, surrogate {SURROGATE}, black box {BLACK_BOX}"
        )


if __name__ == "__main__":
    main()
