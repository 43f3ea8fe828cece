"""Three later ideas on the same loop, each beside plain OPOM: synthetic people, surrogate ``ir-softmax``.

budget     a bound on SSIM in place of the one on epsilon: top-1 PSR at the same SSIM
dispersal  do protected photos match one another? Top-1 PSR where the probe, the gallery's photo, or both are protected
key        how well the mask comes off again, after 8-bit rounding and after JPEG: PSNR to the clean photo in dB, and the
           mean cosine of the restored to the clean photo on a black box

python benchmarks/successors.py budget|dispersal|key
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from opom_edu import OPOM, Mask, People, Recognizer, load_people, load_recognizer, protection
from opom_edu.evaluation import image_quality, mask_quality
from opom_edu.evaluation.gallery import Probes
from opom_edu.faces import quantize
from opom_edu.masks import RandomNoise, perceptual_budget
from opom_edu.recognizers import SURROGATE

PEOPLE, BLACK_BOX, STEPS = 6, "seir-softmax", 40
QUALITIES = (95, 85, 70, 50, 30)


def load() -> tuple[People, Recognizer, Recognizer]:
    people = load_people("synthetic")
    few = People(list(people.values())[:PEOPLE], people.distractors)
    return few, load_recognizer(SURROGATE), load_recognizer(BLACK_BOX)


def learn(method: OPOM | RandomNoise, people: People) -> dict[str, Mask]:
    return dict(zip(people, method.fit_many([person.train for person in people.values()]), strict=True))


def budget() -> None:
    people, surrogate, black_box = load()
    print(f"top-1 PSR in percent on {black_box.name}, a black box; {STEPS} steps")
    methods: dict[str, OPOM | RandomNoise] = {"random noise, eps 8": RandomNoise()}
    methods |= {f"eps {levels}": OPOM(surrogate, eps=levels / 255, steps=STEPS) for levels in (4, 8, 12)}
    for least in (0.95, 0.9, 0.85):
        aids = [perceptual_budget(least)]
        methods[f"SSIM {least}, eps 32"] = OPOM(surrogate, eps=32 / 255, steps=STEPS, aids=aids)
    for name, method in methods.items():
        masks = learn(method, people)
        row = protection(black_box, people, masks, ranks=(1,)).iloc[0]
        seen = mask_quality(people, masks)
        print(
            f"{name:20s} PSR {row['psr_1']:5.1f} (unprotected {row['unprotected_1']:.1f})  SSIM {seen['ssim']:.3f}",
            flush=True,
        )


def dispersal() -> None:
    people, surrogate, black_box = load()
    recognizers = (surrogate, black_box)
    print("top-1 PSR in percent: protected probe, protected gallery, both; mean cosine of two protected photos")
    methods: dict[str, OPOM | RandomNoise] = {"random noise": RandomNoise(), "OPOM": OPOM(surrogate, steps=STEPS)}
    methods |= {f"dispersal {weight:g}": OPOM(surrogate, steps=STEPS, dispersal=weight) for weight in (1.0, 3.0, 10.0)}
    for name, method in methods.items():
        masks = learn(method, people)
        for recognizer in recognizers:
            strangers = recognizer.embed(quantize(people.distractors))
            rates = []
            alike = []
            for person in people.values():
                clean = recognizer.embed(quantize(person.test))
                masked = recognizer.embed(quantize(masks[person.name].apply(person.test)))
                elsewhere = ~torch.eye(len(clean), dtype=torch.bool)
                pairs = (masked, clean), (clean, masked), (masked, masked)
                own = [(probe @ shelf.T)[elsewhere].reshape(len(clean), -1) for probe, shelf in pairs]
                rates.append([Probes(o, p @ strangers.T).success(1) for o, (p, _) in zip(own, pairs, strict=True)])
                alike.append(float(own[2].mean()))
            figures = "".join(f"{100 * rate:7.1f}" for rate in np.mean(rates, 0))
            kind = "white box" if recognizer is surrogate else "black box"
            print(f"{name:14s} {recognizer.name:14s} ({kind}) {figures}   {np.mean(alike):.2f}", flush=True)


def jpeg(quality: int) -> Callable[[Tensor], Tensor]:
    def save(image: Tensor) -> Tensor:
        buffer = io.BytesIO()
        Image.fromarray((image.permute(1, 2, 0) * 255).round().byte().numpy()).save(buffer, "JPEG", quality=quality)
        return torch.from_numpy(np.array(Image.open(buffer))).permute(2, 0, 1) / 255

    return lambda images: torch.stack([save(image) for image in images])


def key() -> None:
    people, surrogate, black_box = load()
    masks = learn(OPOM(surrogate), people)
    wrong = dict(zip(people, [*list(masks.values())[1:], next(iter(masks.values()))], strict=True))
    print(
        "PSNR to the clean photo in dB and cosine to it: protected; with the mask taken off; with somebody else's taken off"
    )
    ways: dict[str, Callable[[Tensor], Tensor]] = {"8 bit": quantize} | {f"JPEG {q}": jpeg(q) for q in QUALITIES}
    for name, save in ways.items():
        cells = []
        for undo in (None, masks, wrong):
            quality, cosine = [], []
            for person in people.values():
                saved = save(masks[person.name].apply(person.test))
                shown = saved if undo is None else quantize(undo[person.name].remove(saved))
                quality.append(image_quality(person.test, shown)["psnr"].mean())
                cosine.append(float((black_box.embed(shown) * black_box.embed(person.test)).sum(1).mean()))
            cells.append(f"{np.mean(quality):5.1f} {np.mean(cosine):5.2f}")
        print(f"{name:8s} {'   '.join(cells)}", flush=True)


if __name__ == "__main__":
    {"budget": budget, "dispersal": dispersal, "key": key}[sys.argv[1]]()
