"""Triangles, cards and ribbons to pixels: numba kernels over plain arrays, one thread, depth growing toward the viewer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

fast: Any = njit(cache=True, fastmath=True, error_model="numpy")
inlined: Any = njit(
    cache=True, fastmath=True, error_model="numpy", inline="always"
)  # halves the cost of passing many arrays


@fast
def box(points, triangle, height, width):
    """The pixels that a triangle may cover, left, right, top and bottom, and twice its area, below 0 if it faces us."""
    a, b, c = triangle
    x0, y0, x1, y1, x2, y2 = points[a, 0], points[a, 1], points[b, 0], points[b, 1], points[c, 0], points[c, 1]
    left, right = max(0, math.ceil(min(x0, x1, x2) - 0.5)), min(width - 1, math.floor(max(x0, x1, x2) - 0.5))
    top, bottom = max(0, math.ceil(min(y0, y1, y2) - 0.5)), min(height - 1, math.floor(max(y0, y1, y2) - 0.5))
    return left, right, top, bottom, (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)


@fast
def shares(points, triangle, area, x, y):
    """The weights of a triangle's corners at the middle of a pixel; one is below 0 outside."""
    a, b, c = triangle
    x0, y0, x1, y1, x2, y2 = points[a, 0], points[a, 1], points[b, 0], points[b, 1], points[c, 0], points[c, 1]
    w1 = ((x + 0.5 - x0) * (y2 - y0) - (x2 - x0) * (y + 0.5 - y0)) / area
    w2 = ((x1 - x0) * (y + 0.5 - y0) - (x + 0.5 - x0) * (y1 - y0)) / area
    return 1 - w1 - w2, w1, w2


@fast
def draw_triangles(points, triangles, one_sided, depth, found, weights):
    """Write to each pixel the nearest triangle's number (``found``) and the weights of its second and third corner."""
    height, width = depth.shape
    for t in range(len(triangles)):
        triangle = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        left, right, top, bottom, area = box(points, triangle, height, width)
        if abs(area) < 1e-9 or (one_sided[t] and area > 0):
            continue
        for y in range(top, bottom + 1):
            for x in range(left, right + 1):
                w0, w1, w2 = shares(points, triangle, area, x, y)
                if w0 < -1e-6 or w1 < -1e-6 or w2 < -1e-6:
                    continue
                z = w0 * points[triangle[0], 2] + w1 * points[triangle[1], 2] + w2 * points[triangle[2], 2]
                if z > depth[y, x]:
                    depth[y, x] = z
                    found[y, x] = t
                    weights[y, x, 0] = w1
                    weights[y, x, 1] = w2


@fast
def draw_depth(points, triangles, depth):
    """The nearest depth at each pixel, into ``depth``."""
    height, width = depth.shape
    for t in range(len(triangles)):
        triangle = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        left, right, top, bottom, area = box(points, triangle, height, width)
        if abs(area) < 1e-9:
            continue
        for y in range(top, bottom + 1):
            for x in range(left, right + 1):
                w0, w1, w2 = shares(points, triangle, area, x, y)
                if w0 >= 0 and w1 >= 0 and w2 >= 0:
                    z = w0 * points[triangle[0], 2] + w1 * points[triangle[1], 2] + w2 * points[triangle[2], 2]
                    depth[y, x] = max(depth[y, x], z)


# Where a soft shadow looks, in shares of its width: a small spiral.
TAPS = (
    (0.0, 0.0), (0.45, 0.2), (-0.2, 0.45), (-0.45, -0.2), (0.2, -0.45),
    (0.4, 0.95), (-0.95, 0.4), (-0.4, -0.95), (0.95, -0.4),
)  # fmt: skip


@fast
def visible_share(points, normals, direction, depth, bias, blocked, seen):
    """Add to each vertex that faces ``direction`` its weight to ``seen``, and to ``blocked`` if something lies before it."""
    size = len(depth)
    for i in range(len(points)):
        facing = normals[i, 0] * direction[0] + normals[i, 1] * direction[1] + normals[i, 2] * direction[2]
        if facing > 0:
            seen[i] += facing
            x, y = int(points[i, 0]), int(points[i, 1])
            if 0 <= x < size and 0 <= y < size and points[i, 2] < depth[y, x] - bias:
                blocked[i] += facing


@fast
def smooth(low, high, x):
    t = min(1.0, max(0.0, (x - low) / (high - low)))
    return t * t * (3 - 2 * t)


@fast
def light_share(x, y, z, bias, depth, spread):
    """How much of the key light reaches a point given in the light's frame (pixels, pixels, depth): 0 to 1, soft."""
    size = len(depth)
    share = 0.0
    for i, j in TAPS:
        u, v = int(x + i * spread), int(y + j * spread)
        if 0 <= u < size and 0 <= v < size:
            share += min(1.0, max(0.0, (z - depth[v, u] + bias) * 14 + 1))
        else:
            share += 1
    return share / len(TAPS)


@fast
def bilinear(texture, column, row, out):
    height, width, channels = texture.shape
    column = min(max(column - 0.5, 0.0), width - 1.001)
    row = min(max(row - 0.5, 0.0), height - 1.001)
    x, y = int(column), int(row)
    fx, fy = column - x, row - y
    for k in range(channels):
        out[k] = (texture[y, x, k] * (1 - fx) + texture[y, x + 1, k] * fx) * (1 - fy) + (
            texture[y + 1, x, k] * (1 - fx) + texture[y + 1, x + 1, k] * fx
        ) * fy


@fast
def draw_ribbons(points, widths, colors, alpha, image, depth):
    """Draw polylines ``points (M, K, 3)`` of the given widths (pixels) and colors ``(M, K, 3)`` over the image.

    A ribbon thinner than a pixel is drawn one pixel wide and paler.
    """
    height, width = depth.shape
    for m in range(points.shape[0]):
        for k in range(points.shape[1] - 1):
            x0, y0, z0 = points[m, k]
            x1, y1, z1 = points[m, k + 1]
            half = 0.5 * max(1.0, 0.5 * (widths[m, k] + widths[m, k + 1]))
            cover = alpha * min(1.0, 0.5 * (widths[m, k] + widths[m, k + 1]))
            dx, dy = x1 - x0, y1 - y0
            if dx * dx + dy * dy < 1e-8 or cover < 0.02:
                continue
            steep = abs(dy) >= abs(dx)  # walk along the longer axis, fill across it
            main0, main, side0, side = (y0, dy, x0, dx) if steep else (x0, dx, y0, dy)
            across = half * math.sqrt(dx * dx + dy * dy) / abs(main)
            first = max(0, math.ceil(min(main0, main0 + main) - 0.5))
            last = min((height if steep else width) - 1, math.floor(max(main0, main0 + main) - 0.5))
            for i in range(first, last + 1):
                t = (i + 0.5 - main0) / main
                middle = side0 + t * side
                low = max(0, math.ceil(middle - across - 0.5))
                high = min((width if steep else height) - 1, math.floor(middle + across - 0.5))
                z = z0 + t * (z1 - z0)
                for j in range(low, high + 1):
                    y, x = (i, j) if steep else (j, i)
                    if z > depth[y, x]:
                        for c in range(3):
                            color = colors[m, k, c] * (1 - t) + colors[m, k + 1, c] * t
                            image[y, x, c] = image[y, x, c] * (1 - cover) + color * cover
                        image[y, x, 3] *= 1 - cover
                        if cover > 0.5:
                            depth[y, x] = z


@fast
def draw_card_depth(points, triangles, uv, texture, kept, depth):
    """The nearest depth of what cards cover, where their texture ``(H, W, 2)`` is opaque and not trimmed away."""
    height, width = depth.shape
    rows, columns = texture.shape[0], texture.shape[1]
    for t in range(len(triangles)):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        left, right, top, bottom, area = box(points, (a, b, c), height, width)
        if abs(area) < 1e-9 or kept[a] + kept[b] + kept[c] < 1.5:
            continue
        for y in range(top, bottom + 1):
            for x in range(left, right + 1):
                w0, w1, w2 = shares(points, (a, b, c), area, x, y)
                if w0 < 0 or w1 < 0 or w2 < 0:
                    continue
                z = w0 * points[a, 2] + w1 * points[b, 2] + w2 * points[c, 2]
                if z > depth[y, x]:
                    u = w0 * uv[t, 0, 0] + w1 * uv[t, 1, 0] + w2 * uv[t, 2, 0]
                    v = w0 * uv[t, 0, 1] + w1 * uv[t, 1, 1] + w2 * uv[t, 2, 1]
                    row, column = min(max(int(v * rows), 0), rows - 1), min(max(int(u * columns), 0), columns - 1)
                    if texture[row, column, 1] > 0.45:
                        depth[y, x] = z


@fast
def draw_cards(points, triangles, order, uv, texture, kept, lit, shine, cut, gain, most, bias, solid, image, depth):
    """Blend cards over the image ``(H, W, 4)``, in the given order of triangles; its fourth channel is the share of skin.

    ``texture (H, W, 2)``: luminance around 1, and cover, of which ``cut`` is taken away and the rest multiplied by ``gain``,
    up to ``most``. ``kept (M,)``: 0 where a vertex is trimmed away. ``lit, shine (M, 3)``: linear color of the vertices, and
    their gloss. ``bias``: how far behind a surface they still show. ``solid``: whether they cover what is drawn later.
    """
    height, width = depth.shape
    rows, columns = texture.shape[0], texture.shape[1]
    texel = np.empty(2, np.float32)
    for i in range(len(order)):
        t = order[i]
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        left, right, top, bottom, area = box(points, (a, b, c), height, width)
        if abs(area) < 1e-9 or kept[a] + kept[b] + kept[c] < 0.6:
            continue
        for y in range(top, bottom + 1):
            for x in range(left, right + 1):
                w0, w1, w2 = shares(points, (a, b, c), area, x, y)
                if w0 < 0 or w1 < 0 or w2 < 0:
                    continue
                z = w0 * points[a, 2] + w1 * points[b, 2] + w2 * points[c, 2]
                if z + bias < depth[y, x]:
                    continue
                u = w0 * uv[t, 0, 0] + w1 * uv[t, 1, 0] + w2 * uv[t, 2, 0]
                v = w0 * uv[t, 0, 1] + w1 * uv[t, 1, 1] + w2 * uv[t, 2, 1]
                bilinear(texture, u * columns, v * rows, texel)
                cover = min(most, max(0.0, (texel[1] - cut) * gain))
                rest = w0 * kept[a] + w1 * kept[b] + w2 * kept[c]
                if rest < 0.999:  # a trimmed edge is ragged as its strands are
                    cover *= min(1.0, max(0.0, 4 * (rest - 0.5) + 1.5 * (texel[0] - 1)))
                if cover < 0.02:
                    continue
                for k in range(3):
                    color = texel[0] * (w0 * lit[a, k] + w1 * lit[b, k] + w2 * lit[c, k])
                    color += texel[0] * texel[0] * (w0 * shine[a, k] + w1 * shine[b, k] + w2 * shine[c, k])
                    image[y, x, k] += (color - image[y, x, k]) * cover
                image[y, x, 3] *= 1 - cover
                if solid and cover > 0.6:
                    depth[y, x] = z
