"""Masks that follow the head: one mask in the texture of a face, laid into each photo where its pixels show that texture.

After Protego (arXiv 2508.02034), which wraps masks around a face; here the renderer knows the texture's place, and photos
are warped by their landmarks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from opom_edu.faces.images import SIZE, check_images
from opom_edu.faces.photos import ARCFACE
from opom_edu.masks.learner import check_training
from opom_edu.masks.loop import Run, start, transformed
from opom_edu.masks.mask import Mask
from opom_edu.masks.opom import Method

FACE = (0.69, 0.27, 0.29, 0.49)  # of the renderer's texture of a head: left, top, width and height, in shares of it
TEXTURE = (160, 140)  # height and width of a mask for it: about a texel per pixel of a frontal face


@dataclass(frozen=True, eq=False)
class Layout:
    """Where in a mask each pixel of N photos looks.

    Attributes:
        grid: ``(N, H, W, 2)``, x and y, -1 to 1 from the mask's left or top to its right or bottom; beyond it there is none.
        share: ``(N, H, W)``, 0 to 1, how much of a pixel wears the mask.
        report: one sentence for each photo in which the mask cannot follow and lies flat.

    Example:
        >>> from opom_edu.faces.photos import ARCFACE
        >>> flat = Layout.from_landmarks(torch.tensor(ARCFACE)[None])  # the mean face's own
        >>> mask = OPOM(surrogate, steps=1, hull="center").fit(ada.train)
        >>> bool(torch.allclose(flat.apply(mask, ada.test[:1]), mask.apply(ada.test[:1]), atol=1e-4))
        True
    """

    grid: Tensor
    share: Tensor
    report: tuple[str, ...] = ()

    @classmethod
    def from_texels(cls, texels: Tensor) -> Layout:
        """Of rendered photos, whose ``texels (N, H, W, 3)`` are known: see :func:`opom_edu.faces.causes.turned_people`.

        Raises:
            ValueError: for another shape.
        """
        if texels.ndim != 4 or texels.shape[-1] != 3:
            raise ValueError(f"texels must be (N, H, W, 3): u, v and the share of skin; got {tuple(texels.shape)}")
        corner, sides = texels.new_tensor(FACE).chunk(2)
        grid = (texels[..., :2] - corner) / sides * 2 - 1
        seen = ~texels[..., 0].isnan()
        return cls(grid.nan_to_num(nan=-9.0), texels[..., 2].nan_to_num() * seen)

    @classmethod
    def from_landmarks(cls, points: Tensor, *, size: int = SIZE) -> Layout:
        """Of aligned crops of ``size`` pixels, from five ``points (N, 5, 2)`` in pixels: eyes, nose, corners of the mouth.

        A mask for the mean face is bent, triangle by triangle, until its five points lie on the photo's; the crop's edge
        stays. Where the points span no such mesh the mask lies flat, and ``report`` says so.

        Raises:
            ValueError: for another shape.
        """
        if points.ndim != 3 or points.shape[1:] != (5, 2):
            raise ValueError(f"points must be (N, 5, 2), five landmarks of each photo; got {tuple(points.shape)}")
        grids, report = [], []
        for index, photo in enumerate(points.double().numpy() * (SIZE / size)):
            bent = _bent(photo)
            if bent is None:
                report.append(f"photo {index + 1}: its landmarks span no mesh, so the mask lies flat on it")
                bent = _bent(ARCFACE)
            grids.append(torch.as_tensor(bent, dtype=torch.float32))
        grid = functional.interpolate(torch.stack(grids).movedim(-1, 1), (size, size), mode="bilinear").movedim(1, -1)
        return cls(grid, torch.ones(grid.shape[:3]), tuple(report))

    def __len__(self) -> int:
        return len(self.grid)

    def __getitem__(self, chosen: slice | Tensor) -> Layout:
        return Layout(self.grid[chosen], self.share[chosen])

    def lay(self, delta: Tensor) -> Tensor:
        """What a mask ``(3, h, w)`` adds to each photo, ``(N, 3, H, W)``."""
        spread = functional.grid_sample(delta.expand(len(self), -1, -1, -1), self.grid, align_corners=False)
        return spread * self.share[:, None]

    def apply(self, mask: Mask, images: Tensor) -> Tensor:
        """The protected ``images (N, 3, H, W)``.

        Raises:
            ValueError: if these are not the layout's photos.
        """
        check_images(images)
        if images.shape[::2] != (len(self), self.grid.shape[1]):
            raise ValueError(f"the layout is of {len(self)} photos and {len(images)} were given; each has its own")
        return (images + self.lay(mask.delta)).clamp(0, 1)


def fit_on(
    method: Method, images: Tensor, layout: Layout, *, size: tuple[int, int] = TEXTURE,
    on_step: Callable[[float], None] = lambda share: None,
) -> Mask:  # fmt: skip
    """One mask that follows the head, ``size`` texels high and wide; its loss is the ``method``'s.

    As in :meth:`Method.fit`, but the photos vote on each texel instead of each pixel.

    Args:
        images: ``(K, 3, 112, 112)``, in [0, 1].
        layout: of these images.
        on_step: called with the share that is done.

    Raises:
        ValueError: for images that are not such a batch, another number of photos in the layout, or a method that changes
            gradients, which are those of pixels.

    Example:
        >>> texels = torch.rand(10, 112, 112, 3)
        >>> mask = fit_on(OPOM(surrogate, hull="center", steps=2), ada.train, Layout.from_texels(texels))
        >>> mask.delta.shape
        torch.Size([3, 160, 140])
    """
    check_training(images)
    if len(layout) != len(images):
        raise ValueError(f"the layout is of {len(layout)} photos and {len(images)} were given; each has its own")
    if method.gradients:
        raise ValueError("a mask in a texture has no gradients of pixels to change; leave gradients= empty")
    surrogate = method.surrogate.frozen()
    run = Run.begin(surrogate, images[None], eps=method.eps, step_size=method.step_size, seed=method.seed)
    objective = method.objective(method.embed(run.images, surrogate), surrogate)
    delta, velocity = torch.zeros(3, *size), torch.zeros(3, *size)
    noise = start(run)  # for the first look alone: each photo's own, so that none of it stays
    for run.index in range(method.steps):
        with torch.enable_grad():
            delta.requires_grad_()
            masked = (images + layout.lay(delta) + noise).clamp(0, 1)
            embeddings = method.embed(transformed(masked[None], method.transforms, run.generators), surrogate)
            loss = objective.loss(embeddings, objective.targets(embeddings.detach(), run.index))
            (found,) = torch.autograd.grad(loss.sum(), delta)
        velocity = method.momentum * velocity + found / found.abs().mean().clamp_min(torch.finfo(found.dtype).tiny)
        delta = (delta.detach() + method.step_size * velocity.sign()).clamp(-method.eps, method.eps)
        noise = torch.zeros(())
        on_step((run.index + 1) / method.steps)
    return Mask(delta, method.eps, {**method.recipe(), "texture": list(size)})


def _bent(points: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Where a crop's pixels lie in the mean face, ``(112, 112, 2)`` from -1 to 1; None if the points span no mesh."""
    from scipy.interpolate import LinearNDInterpolator
    from scipy.spatial import QhullError

    edge = np.delete(np.stack(np.meshgrid(*2 * [[0, SIZE / 2, SIZE]]), -1).reshape(9, 2), 4, axis=0)  # all but the middle
    if not np.isfinite(points).all() or (points <= 0).any() or (points >= SIZE).any():
        return None
    across, down = points[1] - points[0], points[3:].mean(0) - points[:2].mean(0)
    if across[0] * down[1] - across[1] * down[0] < 100:  # square pixels; a frontal face has about 1,400
        return None
    try:
        mean = LinearNDInterpolator(np.vstack([points, edge]), np.vstack([ARCFACE, edge]))
    except QhullError:
        return None
    middle = np.arange(SIZE) + 0.5
    x, y = np.meshgrid(middle, middle)
    return np.asarray(mean(x, y)) / SIZE * 2 - 1
