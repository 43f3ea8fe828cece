"""Light on skin, eyes, teeth, cloth and hair: numba kernels that turn what was hit into linear color."""

from __future__ import annotations

import math

import numpy as np

from synthetic_people.head import BODY, LEFT_EYE, LOWER_TEETH, RIGHT_EYE, TONGUE, UPPER_TEETH
from synthetic_people.rasterizer import bilinear, fast, inlined, light_share, smooth

SHADOW_SIZE, SHADOW_SCALE = 208, 208 / 4.6  # pixels, pixels per decimeter


@fast
def mix(values, corners, weights):
    """Three numbers of the corners, interpolated."""
    a, b, c = corners
    w0, w1, w2 = weights
    return (
        w0 * values[a, 0] + w1 * values[b, 0] + w2 * values[c, 0],
        w0 * values[a, 1] + w1 * values[b, 1] + w2 * values[c, 1],
        w0 * values[a, 2] + w1 * values[b, 2] + w2 * values[c, 2],
    )


@fast
def dot(a, b):
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@fast
def normal(x, y, z):
    length = math.sqrt(x * x + y * y + z * z) + 1e-9
    return x / length, y / length, z / length


@fast
def halfway(direction):
    """Between a light and the viewer."""
    return normal(direction[0], direction[1], direction[2] + 1)


@fast
def shade_surface(hits, surface, paint, lights, image):
    """Color every sample ``(H, W, 4)`` that a triangle covers; the fourth channel becomes the share of the head's skin."""
    height, width = hits.found.shape
    color, texel, part = np.empty(3), np.empty(6, np.float32), surface.part
    for v in range(height):
        for u in range(width):
            t = hits.found[v, u]
            if t < 0:
                continue
            if u % 2 and hits.found[v, u - 1] >= 0 and part[t] == BODY == part[hits.found[v, u - 1]]:
                image[v, u] = image[v, u - 1]  # half a pixel apart: alike
                continue
            corners = surface.triangles[t, 0], surface.triangles[t, 1], surface.triangles[t, 2]
            w1, w2 = hits.weights[v, u, 0], hits.weights[v, u, 1]
            weights = 1 - w1 - w2, w1, w2
            bent = smoothed = mix(surface.normals, corners, weights)
            x, y, z = mix(surface.rest, corners, weights)
            open_, lip, mouth = mix(surface.attributes, corners, weights)
            gloss, scatter, glint = 0.0, 1.0, 0.0
            kind = part[t]
            if kind == BODY:
                bent, smoothed, gloss, scatter, open_ = body(
                    t, corners, weights, (x, y, z), (lip, mouth), open_, smoothed, surface, paint, texel, color
                )
            elif LEFT_EYE <= kind <= RIGHT_EYE:
                scatter = 0.25
                glint, open_ = eye(kind == LEFT_EYE, x, y, z, open_, paint, lights, texel[:1], color)
            elif UPPER_TEETH <= kind <= LOWER_TEETH:
                gloss = 0.5
                open_ = teeth(kind == UPPER_TEETH, x, y, z, open_, color)
            elif kind == TONGUE:
                color[0], color[1], color[2] = 0.40, 0.14, 0.13
                gloss = 0.3
            lit = reached(mix(surface.places, corners, weights), smoothed, lights)
            if UPPER_TEETH <= kind <= LOWER_TEETH:
                lit = (0.55 + 0.45 * lit) * open_
            light_up(color, normal(*smoothed), normal(*bent), lit, open_, gloss, scatter, glint, lights, image[v, u])
            image[v, u, 3] = 1.0 if surface.in_window[t] else 0.0


@inlined
def body(t, corners, weights, rest, marks, open_, upright, surface, paint, texel, color):
    """Color of skin, lips and cloth, into ``color``; normals for mirrored and diffuse light, gloss, scatter, openness."""
    w0, w1, w2 = weights
    x, y, z = rest
    lip, mouth = smooth(0.3, 0.75, marks[0]), smooth(0.4, 0.8, marks[1])
    bent, smoothed, rough = upright, upright, 0.0
    color[:] = paint.neck
    if surface.in_window[t]:
        u = w0 * surface.uv[t, 0, 0] + w1 * surface.uv[t, 1, 0] + w2 * surface.uv[t, 2, 0]
        v = w0 * surface.uv[t, 0, 1] + w1 * surface.uv[t, 1, 1] + w2 * surface.uv[t, 2, 1]
        column = (u - paint.window[0]) / paint.window[2] * paint.head.shape[1]
        bilinear(paint.head, column, (v - paint.window[1]) / paint.window[3] * paint.head.shape[0], texel)
        a, b = mix(surface.along_u, corners, weights), mix(surface.along_v, corners, weights)
        du, dv, rough = texel[3], texel[4], texel[5]
        n0, n1, n2 = upright
        bent = n0 - du * a[0] - dv * b[0], n1 - du * a[1] - dv * b[1], n2 - du * a[2] - dv * b[2]
        du, dv = 0.6 * du, 0.6 * dv
        smoothed = n0 - du * a[0] - dv * b[0], n1 - du * a[1] - dv * b[1], n2 - du * a[2] - dv * b[2]
        make_up(texel, lip, x, y, z, paint, color)
    color[0] += (0.11 - color[0]) * mouth
    color[1] += (0.028 - color[1]) * mouth
    color[2] += (0.026 - color[2]) * mouth
    zone = smooth(0.42, 0.05, abs(x)) * (6.80 < y < 7.85)  # forehead and nose shine most
    gloss = (0.55 + 0.35 * zone) * paint.gloss * (1 - rough)
    gloss = gloss * (1 - lip) + lip * (0.8 + 0.9 * paint.lipstick_share)
    below = paint.collar - y + paint.neckline * abs(x) + 0.9 * max(0.0, abs(x) - 0.65)
    cloth = smooth(0.0, 0.02, below)
    if cloth > 0:
        rib = 1 - 0.22 * (1 - smooth(0.0, 0.02, abs(below - 0.13) - 0.012))
        phase = 5.1 * x + 3 * y + 2 * math.sin(2.3 * y + 4 * x + paint.folds) + paint.folds
        for k in range(3):
            color[k] += (paint.cloth[k] * rib * (1 + 0.05 * math.sin(phase)) - color[k]) * cloth
        open_ += (max(open_, 0.55) - open_) * cloth
    return bent, smoothed, gloss * (1 - cloth), 1 - cloth, open_


@inlined
def make_up(texel, lip, x, y, z, paint, color):
    """Skin with lipstick and eye shadow."""
    share = 0.65 * paint.lipstick_share * lip
    dusk = paint.eyeshadow_share * math.exp(-(((abs(x) - 0.32) / 0.17) ** 2) - ((y - 7.37) / 0.07) ** 2) * (z > 0.8)
    shade = 0.6 + 0.4 * min(1.0, texel[1] / max(0.01, paint.neck[1]))
    for k in range(3):
        color[k] = texel[k] * (1 - share) + paint.lipstick[k] * shade * share
        color[k] *= 1 - dusk * (0.38, 0.5, 0.45)[k]


@inlined
def eye(left, x, y, z, open_, paint, lights, texel, color):
    """Color of an eye, into ``color``; its highlight and openness."""
    middle, radius = paint.eyeball, paint.eyeball[3]
    ex, ey = (x - (1.0 if left else -1.0) * middle[0]) / radius, (y - middle[1]) / radius
    away = math.sqrt(ex * ex + ey * ey) if z > middle[2] else 2.0
    vein = 0.05 * smooth(0.45, 1.0, away)
    color[0], color[1], color[2] = (
        paint.whites * (1 - 0.5 * vein),
        paint.whites * (0.94 - 2 * vein),
        paint.whites * (0.90 - 2 * vein),
    )
    iris = paint.iris
    if away < 1.12 * iris:
        size = paint.iris_texture.shape[0]
        bilinear(paint.iris_texture, (ex / iris * 0.5 + 0.5) * size, (0.5 - ey / iris * 0.5) * size, texel)
        inside, pupil = 1 - smooth(0.90 * iris, 1.08 * iris, away), 1 - smooth(0.34 * iris, 0.42 * iris, away)
        ring = (1 - 0.7 * smooth(0.72 * iris, iris, away)) * (1.15 + 0.3 * smooth(0.75 * iris, 0.4 * iris, away))
        focus = 1 + 0.35 * max(-1.0, min(1.0, -(ex * lights.key[0] + ey * lights.key[1]) / iris))  # light bent by the cornea
        for k in range(3):
            color[k] += (paint.eye[k] * texel[0] * ring * focus - color[k]) * inside
            color[k] += (0.004 - color[k]) * pupil * inside
    open_ = min(1.0, 1.15 * open_ + 0.08) * (0.45 + 0.55 * smooth(0.52, 0.12, ey))  # the upper lid's shade
    open_ *= 1 - 0.4 * smooth(0.45, 0.95, abs(ex))  # and the corners
    gx, gy = ex - 0.30 * lights.key[0] - 0.02, ey - 0.10 - 0.20 * max(0.0, lights.key[1])
    glint = 1 - smooth(0.0035, 0.013, gx * gx + gy * gy)
    glint += 0.1 * (1 - smooth(0.002, 0.006, (ex + 0.22) ** 2 + (ey + 0.14) ** 2))
    return glint, open_


@inlined
def teeth(upper, x, y, z, open_, color):
    """Color of teeth and gums, into ``color``; their openness."""
    bow = math.atan2(x, z - 0.95)
    gap = 0.62 + 0.38 * smooth(0.0, 0.12, 0.5 + 0.5 * math.cos(bow * 36))
    gum = smooth(6.76, 6.80, y) if upper else smooth(6.50, 6.46, y)
    color[0] = 0.62 * gap + (0.40 - 0.62 * gap) * gum
    color[1] = 0.58 * gap + (0.15 - 0.58 * gap) * gum
    color[2] = 0.51 * gap + (0.14 - 0.51 * gap) * gum
    return open_ * (0.9 * smooth(0.30, 0.12, abs(x)) + 0.1)


@inlined
def reached(place, upright, lights):
    """The share of the key light that reaches a place, soft where the light is."""
    facing = dot(upright, lights.key)
    slant = math.sqrt(max(0.0, 1 - facing * facing)) / max(0.15, abs(facing))
    lit = in_light(place, 0.05 + 0.06 * min(3.0, slant), 4.2 - 2.4 * lights.hardness, lights)
    return 1 - (0.78 + 0.22 * lights.hardness) * (1 - lit)


@inlined
def in_light(place, bias, spread, lights):
    turn = lights.to_light
    x, y, z = dot(turn[0], place), dot(turn[1], place), dot(turn[2], place)
    return light_share(
        x * SHADOW_SCALE + SHADOW_SIZE / 2, y * SHADOW_SCALE + SHADOW_SIZE / 2, z, bias, lights.shadow, spread
    )


@inlined
def light_up(color, smoothed, bent, lit, open_, gloss, scatter, glint, lights, pixel):
    """Linear light that leaves a surface, into ``pixel``."""
    facing, up = dot(smoothed, lights.key), 0.5 + 0.5 * smoothed[1]
    mirror = max(0.0, dot(bent, halfway(lights.key)))
    edge = (1 - max(0.0, min(1.0, bent[2]))) ** 4
    shine = gloss * (0.034 * mirror**11 + 0.055 * mirror**38 + 0.02 * mirror**120)
    shine *= lit * (0.25 + 0.75 * open_) * (1 + 3 * edge)
    rim_shine = 0.04 * edge + 0.04 * gloss * max(0.0, dot(bent, halfway(lights.rim))) ** 16
    rim = max(0.0, dot(smoothed, lights.rim))
    fill = max(0.0, (dot(smoothed, lights.fill) + 0.35) / 1.35)
    for k in range(3):
        wrap = scatter * (0.32, 0.16, 0.12)[k] + 0.16 * (1 - lights.hardness) + 0.05  # red light wanders farthest under skin
        diffuse = max(0.0, (facing + wrap) / (1 + wrap))
        diffuse *= diffuse * 0.25 + 0.75
        soft = lit + scatter * (0.09, 0.02, 0.01)[k] * (1 - lit) + scatter * (0.13, 0.0, 0.0)[k] * lit * (1 - lit)
        # Light bounces within folds of bright skin.
        bounce = 0.5 * open_ / (open_ + (1 - open_) * (1 - 0.85 * color[k] * scatter) + 1e-6) + 0.5 * open_
        sky = lights.ground[k] + (lights.sky[k] - lights.ground[k]) * up
        value = color[k] * (
            lights.key_color[k] * diffuse * soft * (0.6 + 0.4 * open_) + (sky + lights.fill_color[k] * fill) * bounce
        )
        value += lights.key_color[k] * shine + sky * open_ * (0.025 + 0.05 * gloss) * edge + sky * 0.01 * gloss * up * open_
        value += lights.rim_color[k] * rim * (0.25 * color[k] + rim_shine) * open_
        wet = glint * (0.55 * lights.key_color[k] * (0.35 + 0.65 * lit) + 0.15 * sky)
        pixel[k] = value + wet * min(1.0, 1.6 * open_)


@fast
def light_hair(places, normals, strands, open_, tint, gloss, lights, lit, shine):
    """Linear color and gloss of hair at vertices ``(M, 3)``, after Kajiya and Kay (1989), into ``lit`` and ``shine``."""
    half, rim_half = halfway(lights.key), halfway(lights.rim)
    for i in range(len(places)):
        n = normals[i, 0], normals[i, 1], abs(normals[i, 2]) if normals[i, 2] < -0.2 else normals[i, 2]
        reach = 0.15 + 0.85 * in_light(places[i], 0.10, 2.0, lights)
        facing, up, o = dot(n, lights.key), 0.5 + 0.5 * n[1], open_[i]
        diffuse, fill = max(0.0, (facing + 0.45) / 1.45), max(0.0, dot(n, lights.fill))
        across = max(0.0, 1 - dot(strands[i], half) ** 2)
        rim_across, rim = max(0.0, 1 - dot(strands[i], rim_half) ** 2), max(0.0, dot(n, lights.rim))
        toward = max(0.0, min(1.0, facing * 1.5 + 0.5))
        for k in range(3):
            sky = lights.ground[k] + (lights.sky[k] - lights.ground[k]) * up
            light = lights.key_color[k] * diffuse * reach * (0.4 + 0.6 * o) + sky * o
            light += lights.fill_color[k] * fill * o + 0.4 * lights.rim_color[k] * rim * o
            lit[i, k] = tint[k] * light
            lobe = 0.035 * across**30 + 0.035 * across**8 * (0.3 + 0.7 * min(1.0, tint[k] * 4))
            shine[i, k] = (
                gloss
                * o
                * (
                    lights.key_color[k] * lobe * reach * toward
                    + lights.rim_color[k] * (0.03 * rim_across**16 + 0.25 * tint[k]) * rim
                    + 0.012 * sky
                )
            )
