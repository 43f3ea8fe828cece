"""The head's texture texel by texel: numba kernels over plain arrays of one size ``(H, W)``."""

from __future__ import annotations

from synthetic_people.rasterizer import fast


@fast
def tint(lab, tone, blood, lips, pores, broad, middle, strengths):
    """Add a person's tone, uneven color, blood and lips to relative Lab ``(H, W, 3)``, in place.

    ``strengths``: of unevenness and pores (L), of blood in L, a and b, and of lips in L and a.
    """
    uneven, porous, dark, red, warm, lip_dark, pink = strengths
    for y in range(lab.shape[0]):
        for x in range(lab.shape[1]):
            b, lip = blood[y, x], lips[y, x]
            lab[y, x, 0] += tone[0] + uneven * (0.7 * broad[y, x] + 0.45 * middle[y, x] + porous * pores[y, x])
            lab[y, x, 0] += dark * b + lip_dark * lip
            lab[y, x, 1] += tone[1] + uneven * (0.8 * broad[y, x] + 0.7 * middle[y, x]) + red * b + pink * lip
            lab[y, x, 2] += tone[2] + warm * b


@fast
def grow(color, cover, hair, height, skin):
    """Blend hair's color over linear skin and write color, slopes and cover into ``skin (H, W, 6)``."""
    rows, columns = cover.shape
    for y in range(rows):
        for x in range(columns):
            c = cover[y, x]
            for k in range(3):
                skin[y, x, k] = color[y, x, k] + (hair[k] - color[y, x, k]) * c
            skin[y, x, 3] = 1.7 * (height[y, min(x + 1, columns - 1)] - height[y, max(x - 1, 0)])
            skin[y, x, 4] = 1.7 * (height[min(y + 1, rows - 1), x] - height[max(y - 1, 0), x])
            skin[y, x, 5] = min(1.0, 1.2 * c)


@fast
def root(skin, cover, hair):
    """Blend hair's roots over painted skin ``(H, W, 6)``, in place."""
    for y in range(skin.shape[0]):
        for x in range(skin.shape[1]):
            c = min(0.97, max(0.0, cover[y, x]))
            for k in range(3):
                skin[y, x, k] += (hair[k] - skin[y, x, k]) * c
            skin[y, x, 5] = max(skin[y, x, 5], c)
