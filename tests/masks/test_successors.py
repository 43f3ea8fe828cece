"""Three later ideas on the same loop: a perceptual budget, dispersal, the mask as a key."""

import io

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from opom_edu.evaluation import image_quality
from opom_edu.faces import People, quantize
from opom_edu.masks import OPOM, Mask, perceptual_budget
from opom_edu.recognizers import Recognizer

EPS = 8 / 255


@pytest.mark.parametrize("least", [0.8, 0.95])
def test_a_perceptual_budget_holds_the_similarity_in_place_of_the_size(
    least: float, surrogate: Recognizer, people: People
) -> None:
    images = people["person 0"].train
    mask = OPOM(surrogate, eps=32 / 255, steps=40, gradients=[perceptual_budget(least)]).fit(images)
    assert image_quality(images, mask.apply(images))["ssim"].mean() == pytest.approx(least, abs=0.05)
    free = OPOM(surrogate, eps=32 / 255, steps=40).fit(images)
    assert image_quality(images, free.apply(images))["ssim"].mean() < least - 0.1
    moved = (surrogate.embed(images) * surrogate.embed(mask.apply(images))).sum(1).mean()
    assert moved < 0.9


def likeness(surrogate: Recognizer, protected: Tensor) -> float:
    """Mean cosine of protected photos with one another."""
    embeddings = surrogate.embed(protected)
    count = len(embeddings)
    return float(((embeddings @ embeddings.T).sum() - count) / (count * (count - 1)))


def test_protected_photos_match_one_another_unless_dispersed(surrogate: Recognizer, people: People) -> None:
    person = people["person 1"]
    plain, dispersed = (
        OPOM(surrogate, eps=16 / 255, steps=24, dispersal=weight).fit(person.train).apply(person.test)
        for weight in (0.0, 3.0)
    )
    assert likeness(surrogate, plain) > 0.5
    assert likeness(surrogate, dispersed) < likeness(surrogate, plain) - 0.05


def test_no_dispersal_is_plain_opom(surrogate: Recognizer, people: People) -> None:
    images = people["person 1"].train
    method = OPOM(surrogate, steps=6, dispersal=0.0)
    assert torch.equal(method.fit(images).delta, OPOM(surrogate, steps=6).fit(images).delta)
    with pytest.raises(ValueError, match="dispersal must not be negative"):
        OPOM(surrogate, dispersal=-1.0)


def test_who_holds_the_mask_can_undo_it(people: People) -> None:
    images = 0.1 + 0.8 * people["person 2"].test  # nothing is clipped
    signs = torch.randint(0, 2, (3, 112, 112), generator=torch.Generator().manual_seed(0)) * 2.0 - 1
    mask = Mask(signs * EPS, EPS)
    torch.testing.assert_close(mask.remove(mask.apply(images)), images)
    saved = quantize(mask.apply(images))
    assert (mask.remove(saved) - images).abs().max() <= 0.51 / 255
    black = torch.zeros(1, 3, 112, 112)  # where the mask was clipped, the key does not fit
    assert (mask.remove(mask.apply(black)) - black).abs().max() == pytest.approx(EPS)


def test_jpeg_leaves_the_key_less_to_undo(people: People) -> None:
    images = 0.1 + 0.8 * people["person 2"].test
    signs = torch.randint(0, 2, (3, 112, 112), generator=torch.Generator().manual_seed(0)) * 2.0 - 1
    mask = Mask(signs * EPS, EPS)
    errors = [image_quality(images, mask.remove(jpeg(mask.apply(images), quality)))["psnr"].mean() for quality in (95, 50)]
    assert errors[0] > errors[1]


def jpeg(images: Tensor, quality: int) -> Tensor:
    changed = []
    for image in images:
        buffer = io.BytesIO()
        Image.fromarray((image.permute(1, 2, 0) * 255).round().byte().numpy()).save(buffer, "JPEG", quality=quality)
        changed.append(torch.from_numpy(np.array(Image.open(buffer))).permute(2, 0, 1) / 255)
    return torch.stack(changed)
