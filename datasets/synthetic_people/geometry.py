"""Moving vertices, and directions at them: small numba kernels over plain arrays."""

from __future__ import annotations

import math

from synthetic_people.rasterizer import fast


@fast
def add_targets(vertices, rows, moves, starts, ends, weights):
    """Move vertices by targets, each a run of ``rows`` and ``moves``, times its weight; into ``vertices``."""
    for i in range(len(starts)):
        for j in range(starts[i], ends[i]):
            for k in range(3):
                vertices[rows[j], k] += weights[i] * moves[j, k]


@fast
def unit(vectors):
    """Make every row's length 1."""
    for i in range(len(vectors)):
        length = math.sqrt(vectors[i, 0] ** 2 + vectors[i, 1] ** 2 + vectors[i, 2] ** 2) + 1e-12
        for k in range(3):
            vectors[i, k] /= length


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
def tangents(vertices, triangles, uv, along_u, along_v):
    """Unit directions in which a texture's columns and rows grow, at the vertices, into ``along_u`` and ``along_v``."""
    for t in range(len(triangles)):
        a, b, c = triangles[t]
        du1, dv1, du2, dv2 = (
            uv[t, 1, 0] - uv[t, 0, 0],
            uv[t, 1, 1] - uv[t, 0, 1],
            uv[t, 2, 0] - uv[t, 0, 0],
            uv[t, 2, 1] - uv[t, 0, 1],
        )
        area = du1 * dv2 - du2 * dv1
        if abs(area) < 1e-12:
            continue
        sign = 1.0 if area > 0 else -1.0
        for k in range(3):
            first, second = vertices[b, k] - vertices[a, k], vertices[c, k] - vertices[a, k]
            x, y = sign * (dv2 * first - dv1 * second), sign * (du1 * second - du2 * first)
            for i in (a, b, c):
                along_u[i, k] += x
                along_v[i, k] += y
    unit(along_u)
    unit(along_v)


@fast
def strand_directions(points, triangles, along, out):
    """Unit directions of hair at the vertices of cards, from ``along``, shares of each triangle's two edges."""
    for t in range(len(triangles)):
        a, b, c = triangles[t]
        x, y, z = along[t, 0] * (points[b] - points[a]) + along[t, 1] * (points[c] - points[a])
        length = math.sqrt(x * x + y * y + z * z) + 1e-12
        x, y, z = x / length, y / length, z / length
        for i in (a, b, c):
            alike = -1.0 if out[i, 0] * x + out[i, 1] * y + out[i, 2] * z < 0 else 1.0
            out[i, 0] += alike * x
            out[i, 1] += alike * y
            out[i, 2] += alike * z
    unit(out)
