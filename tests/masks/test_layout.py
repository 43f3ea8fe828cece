"""Masks that follow the head: where they lie, that they are learned there, and what happens where they cannot."""

import pytest
import torch
from torch import Tensor

from opom_edu import OPOM, People, load_people, load_recognizer
from opom_edu.faces.causes import turned_people
from opom_edu.faces.photos import ARCFACE
from opom_edu.masks import Mask, repeated
from opom_edu.masks.layout import TEXTURE, Layout, fit_on

MIDDLE = torch.linspace(-1, 1, 225)[1::2]  # of 112 pixels
MEAN = torch.tensor(ARCFACE)


@pytest.fixture(scope="module")
def turned() -> tuple[People, dict[str, Tensor]]:
    strangers = load_people("synthetic", count=1, distractors=8).distractors
    return turned_people(strangers, [-25, 0, 25], count=1, train=4, jobs=1)


def test_a_texture_moves_with_the_head(turned: tuple[People, dict[str, Tensor]]) -> None:
    """A spot in the texture, at the tip of the nose of the frontal photo, is at the nose of the turned ones, too."""
    people, texels = turned
    (name,) = people
    assert people.photos is not None
    noses = torch.tensor(people.photos.loc[people.photos["part"] == "test", ["nose_x", "nose_y"]].to_numpy())
    layout = Layout.from_texels(texels[name][-3:])
    x, y = noses[1].round().long().tolist()
    spot = torch.zeros(3, *TEXTURE)
    column, row = ((layout.grid[1, y, x] + 1) / 2 * torch.tensor([TEXTURE[1], TEXTURE[0]])).long().tolist()
    spot[:, row - 1 : row + 2, column - 1 : column + 2] = 0.01
    for laid, nose in zip(layout.lay(spot)[:, 0], noses, strict=True):
        brightest = torch.tensor(divmod(int(laid.argmax()), 112)[::-1])
        assert (brightest - nose).abs().max() < 2.5
    assert (noses[0] - noses[2]).abs().max() > 6  # a flat mask would have missed it


def test_a_mask_in_the_texture_is_learned_and_keeps_its_budget(turned: tuple[People, dict[str, Tensor]]) -> None:
    people, texels = turned
    (person,), surrogate = people.values(), load_recognizer("ir-softmax")
    layout = Layout.from_texels(texels[person.name])
    method, shares = OPOM(surrogate, steps=10), []
    mask = fit_on(method, person.train, layout[:4], on_step=shares.append)
    again = fit_on(method, person.train, layout[:4])
    assert torch.equal(mask.delta, again.delta)
    assert shares[-1] == 1
    worn = layout[4:].apply(mask, person.test)
    assert (worn - person.test).abs().max() <= 8 / 255 + 1e-6
    assert torch.equal(
        worn[layout.share[4:, None].expand_as(worn) == 0], person.test[layout.share[4:, None].expand_as(worn) == 0]
    )
    center = surrogate.embed(person.train).mean(0)
    assert (surrogate.embed(worn) @ center).mean() < (surrogate.embed(person.test) @ center).mean() - 0.2


def test_one_photo_and_equal_photos_give_a_mask(turned: tuple[People, dict[str, Tensor]]) -> None:
    people, texels = turned
    (person,), surrogate = people.values(), load_recognizer("ir-softmax")
    layout = Layout.from_texels(texels[person.name])
    for chosen in ([0], [0, 0]):
        mask = fit_on(OPOM(surrogate, steps=6), person.train[chosen], layout[torch.tensor(chosen)])
        assert mask.delta.abs().max() > 3 / 255


def test_landmarks_bend_a_flat_mask() -> None:
    ramp = MIDDLE.expand(3, 112, 112) * 8 / 255  # says in which column of the mask a pixel looks
    points = MEAN.clone()
    points[2, 0] += 8  # a nose that points to the side
    straight, bent = Layout.from_landmarks(torch.stack([MEAN, points])).lay(ramp.contiguous())[:, 0]
    assert torch.allclose(straight[:, 2:-2], ramp[0, :, 2:-2], atol=1e-4)
    x, y = points[2].round().long().tolist()
    assert abs((bent[y, x] * 255 / 8 + 1) * 56 - MEAN[2, 0]) < 1.5  # looks at the mask's own nose
    assert torch.allclose(bent[:, 5:8], ramp[0, :, 5:8], atol=5e-3)  # the edge stays


@pytest.mark.parametrize(
    "points", [torch.full((5, 2), 56.0), torch.full((5, 2), torch.nan), MEAN + 90, MEAN[[1, 0, 2, 3, 4]]], ids=str
)
def test_where_no_mesh_can_be_laid_the_mask_lies_flat_and_that_is_said(points: Tensor) -> None:
    layout = Layout.from_landmarks(torch.stack([MEAN, points]))
    assert layout.report == ("photo 2: its landmarks span no mesh, so the mask lies flat on it",)
    assert torch.equal(layout.grid[0], layout.grid[1])


def test_errors_name_what_is_wrong() -> None:
    surrogate = load_recognizer("ir-softmax")
    flat, photos = Layout.from_landmarks(MEAN[None]), torch.rand(2, 3, 112, 112)
    with pytest.raises(ValueError, match="the layout is of 1 photos and 2 were given"):
        fit_on(OPOM(surrogate), photos, flat)
    with pytest.raises(ValueError, match="the layout is of 1 photos and 2 were given"):
        flat.apply(Mask(torch.zeros(3, 112, 112), 0.0), photos)
    with pytest.raises(ValueError, match="leave gradients= empty"):
        fit_on(OPOM(surrogate, gradients=[repeated(2)]), photos[:1], flat)
    with pytest.raises(ValueError, match=r"texels must be \(N, H, W, 3\)"):
        Layout.from_texels(torch.rand(2, 112, 112))
    with pytest.raises(ValueError, match=r"points must be \(N, 5, 2\)"):
        Layout.from_landmarks(torch.rand(2, 68, 2))
