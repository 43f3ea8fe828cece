"""Triangles and ribbons to pixels: small numba kernels over plain arrays, one thread, depth growing toward the viewer."""

from __future__ import annotations

import math
from typing import Any

from numba import njit

fast: Any = njit(cache=True, fastmath=True, error_model="numpy")


@fast
def vertex_normals(vertices, triangles, normals):
    """Unit normals of the vertices, weighted by the area of the triangles around them, into ``normals``."""
    for t in range(len(triangles)):
        a, b, c = triangles[t]
        x, y, z = vertices[a]
        ux, uy, uz = vertices[b, 0] - x, vertices[b, 1] - y, vertices[b, 2] - z
        vx, vy, vz = vertices[c, 0] - x, vertices[c, 1] - y, vertices[c, 2] - z
        n0, n1, n2 = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for i in (a, b, c):
            normals[i, 0] += n0
            normals[i, 1] += n1
            normals[i, 2] += n2
    for i in range(len(normals)):
        length = math.sqrt(normals[i, 0] ** 2 + normals[i, 1] ** 2 + normals[i, 2] ** 2) + 1e-12
        for k in range(3):
            normals[i, k] /= length


@fast
def draw_triangles(points, triangles, one_sided, depth, found, weights):
    """Write to each pixel the nearest triangle's number (``found``) and the weights of its second and third corner."""
    height, width = depth.shape
    for t in range(len(triangles)):
        a, b, c = triangles[t]
        x0, y0, x1, y1, x2, y2 = points[a, 0], points[a, 1], points[b, 0], points[b, 1], points[c, 0], points[c, 1]
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        if abs(area) < 1e-9 or (one_sided[t] and area > 0):
            continue
        left, right = max(0, math.ceil(min(x0, x1, x2) - 0.5)), min(width - 1, math.floor(max(x0, x1, x2) - 0.5))
        top, bottom = max(0, math.ceil(min(y0, y1, y2) - 0.5)), min(height - 1, math.floor(max(y0, y1, y2) - 0.5))
        scale = 1 / area
        for y in range(top, bottom + 1):
            py = y + 0.5
            for x in range(left, right + 1):
                px = x + 0.5
                w1 = ((px - x0) * (y2 - y0) - (x2 - x0) * (py - y0)) * scale
                w2 = ((x1 - x0) * (py - y0) - (px - x0) * (y1 - y0)) * scale
                w0 = 1 - w1 - w2
                if w0 < -1e-6 or w1 < -1e-6 or w2 < -1e-6:
                    continue
                z = w0 * points[a, 2] + w1 * points[b, 2] + w2 * points[c, 2]
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
        a, b, c = triangles[t]
        x0, y0, x1, y1, x2, y2 = points[a, 0], points[a, 1], points[b, 0], points[b, 1], points[c, 0], points[c, 1]
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        if abs(area) < 1e-9:
            continue
        left, right = max(0, math.ceil(min(x0, x1, x2) - 0.5)), min(width - 1, math.floor(max(x0, x1, x2) - 0.5))
        top, bottom = max(0, math.ceil(min(y0, y1, y2) - 0.5)), min(height - 1, math.floor(max(y0, y1, y2) - 0.5))
        scale = 1 / area
        for y in range(top, bottom + 1):
            for x in range(left, right + 1):
                w1 = ((x + 0.5 - x0) * (y2 - y0) - (x2 - x0) * (y + 0.5 - y0)) * scale
                w2 = ((x1 - x0) * (y + 0.5 - y0) - (x + 0.5 - x0) * (y1 - y0)) * scale
                if w1 >= 0 and w2 >= 0 and w1 + w2 <= 1:
                    z = points[a, 2] + w1 * (points[b, 2] - points[a, 2]) + w2 * (points[c, 2] - points[a, 2])
                    depth[y, x] = max(depth[y, x], z)


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
def splat_depth(points, depth):
    """Depth of scattered points, each as wide as a pixel and a half: the shadow that hair throws."""
    size = len(depth)
    for i in range(len(points)):
        x, y = int(points[i, 0]), int(points[i, 1])
        if 0 <= x < size - 1 and 0 <= y < size - 1:
            for dy in range(2):
                for dx in range(2):
                    depth[y + dy, x + dx] = max(depth[y + dy, x + dx], points[i, 2])


@fast
def smooth(low, high, x):
    t = min(1.0, max(0.0, (x - low) / (high - low)))
    return t * t * (3 - 2 * t)


@fast
def light_share(x, y, z, bias, depth, spread):
    """How much of the key light reaches a point given in the light's frame (pixels, pixels, depth): 0 to 1, soft."""
    size = len(depth)
    share = 0.0
    for i, j in ((0.0, 0.0), (0.9, 0.4), (-0.4, 0.9), (-0.9, -0.4), (0.4, -0.9)):
        u, v = int(x + i * spread), int(y + j * spread)
        if 0 <= u < size and 0 <= v < size:
            share += min(1.0, max(0.0, (z - depth[v, u] + bias) * 14 + 1))
        else:
            share += 1
    return share / 5


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
                        if cover > 0.5:
                            depth[y, x] = z


@fast
def grow(roots, starts, lengths, layers, slack, phases, radii, center, opening, fringe, pull, curl, turns, steps, out):
    """Let strands grow over the head into ``out (M, steps, 3)``: along their start, bent by ``pull``, never inside.

    ``layers`` is each strand's distance from the skin once it lies on it (dm), above the ears at most ``slack`` farther.
    ``opening`` keeps the face free: azimuth,
    height below which it counts, and its slope; ``fringe`` is the height at which front hair ends.
    """
    rows, columns = radii.shape
    for m in range(len(roots)):
        x, y, z = roots[m]
        d0, d1, d2 = starts[m]
        step = lengths[m] / (steps - 1)
        stopped = False
        for k in range(steps):
            if k > 0 and not stopped:
                d0, d1, d2 = d0 + pull[0] * step, d1 + pull[1] * step, d2 + pull[2] * step
                norm = math.sqrt(d0 * d0 + d1 * d1 + d2 * d2) + 1e-9
                d0, d1, d2 = d0 / norm, d1 / norm, d2 / norm
                if y < center[1] + 0.1:  # below the ears long hair hangs
                    sag = min(1.0, -0.4 * pull[1])
                    d0, d2 = d0 * (1 - 0.6 * sag), d2 * (1 - 0.6 * sag)
                x, y, z = x + step * d0, y + step * d1, z + step * d2
                rx, ry, rz = x - center[0], y - center[1], z - center[2]
                azimuth = math.atan2(rx, rz)
                flat = math.sqrt(rx * rx + rz * rz)
                limit = opening[0] - opening[2] * max(0.0, opening[1] - y)
                if y < opening[1] and abs(azimuth) < limit and ry < 0.75:
                    azimuth = math.copysign(limit, azimuth)
                    rx, rz = flat * math.sin(azimuth), flat * math.cos(azimuth)
                row = min(max((0.5 - math.atan2(ry, flat) / math.pi) * rows - 0.5, 0.0), rows - 1.001)
                column = (azimuth / (2 * math.pi) + 0.5) * columns - 0.5
                i, j = int(row), math.floor(column)
                fi, fj = row - i, column - math.floor(column)
                j0, j1 = j % columns, (j + 1) % columns
                reach = (radii[i, j0] * (1 - fj) + radii[i, j1] * fj) * (1 - fi) + (
                    radii[i + 1, j0] * (1 - fj) + radii[i + 1, j1] * fj
                ) * fi
                reach += layers[m] * min(1.0, 4.0 * k / (steps - 1) + 0.15)
                radius = math.sqrt(rx * rx + ry * ry + rz * rz)
                push = max(1.0, reach / radius)
                if (ry > -0.1 or lengths[m] < 0.9) and ry > -0.9 and radius > reach + slack:
                    push = (reach + slack) / radius
                nx, ny, nz = center[0] + rx * push, center[1] + ry * push, center[2] + rz * push
                if push != 1:  # slide along the surface
                    d0, d1, d2 = d0 + (nx - x) / step, d1 + (ny - y) / step, d2 + (nz - z) / step
                x, y, z = nx, ny, nz
                if y < fringe and abs(azimuth) < 0.75 and z > 0.7:
                    stopped = True
            bend = curl * min(1.0, 3.0 * k / (steps - 1))
            angle = phases[m] + turns * lengths[m] * k / (steps - 1)
            out[m, k, 0] = x + bend * math.cos(angle)
            out[m, k, 1] = y + 0.5 * bend * math.sin(angle)
            out[m, k, 2] = z + bend * math.sin(angle)
