"""Light on skin, eyes, teeth, cloth and hair: numba kernels that turn what was hit into linear color."""

from __future__ import annotations

import math

import numpy as np

from synthetic_people.head import BODY, LEFT_EYE, LOWER_TEETH, RIGHT_EYE, TONGUE, UPPER_TEETH
from synthetic_people.rasterizer import bilinear, fast, light_share, smooth

# Rows of `lights`: direction and color of the key light, sky and ground color, direction and color of the rim light.
KEY, KEY_COLOR, SKY, GROUND, RIM, RIM_COLOR = range(6)
# Rows of `colors`, linear.
EYE, LIP, CLOTH, HAIR, LIPSTICK, EYESHADOW = range(6)
# Entries of `options`.
GLOSS, STUBBLE, LIPSTICK_SHARE, EYESHADOW_SHARE, IRIS, COLLAR, NECKLINE = range(7)
SHADOW_SIZE, SHADOW_SCALE = 128, 128 / 4.4  # pixels, pixels per decimeter


@fast
def shade_surface(
    found, weights, triangles, part, places, normals, rest, layout, attributes, eyeball, texture, scalp, grain,
    options, colors, lights, to_light, shadow, hardness, image,
):  # fmt: skip
    """Color every pixel that a triangle covers. Vertices: ``places``, ``normals`` as the camera sees them, ``rest`` as
    they lie in the mesh, ``attributes`` openness, lips, mouth, ear; ``layout (T, 3, 2)``: texels of the corners."""
    height, width = found.shape
    skin = np.empty(7)
    color = np.empty(3)
    key, rim = lights[0], lights[4]
    half = np.array([key[0], key[1], key[2] + 1])
    half /= math.sqrt((half * half).sum())
    rim_half = np.array([rim[0], rim[1], rim[2] + 1])
    rim_half /= math.sqrt((rim_half * rim_half).sum()) + 1e-6
    for v in range(height):
        for u in range(width):
            t = found[v, u]
            if t < 0:
                continue
            if u % 2 and found[v, u - 1] >= 0 and part[t] == BODY == part[found[v, u - 1]]:  # half a pixel apart: alike
                for k in range(3):
                    image[v, u, k] = image[v, u - 1, k]
                continue
            a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
            w1, w2 = weights[v, u, 0], weights[v, u, 1]
            w0 = 1 - w1 - w2
            n0 = w0 * normals[a, 0] + w1 * normals[b, 0] + w2 * normals[c, 0]
            n1 = w0 * normals[a, 1] + w1 * normals[b, 1] + w2 * normals[c, 1]
            n2 = w0 * normals[a, 2] + w1 * normals[b, 2] + w2 * normals[c, 2]
            qx = w0 * places[a, 0] + w1 * places[b, 0] + w2 * places[c, 0]
            qy = w0 * places[a, 1] + w1 * places[b, 1] + w2 * places[c, 1]
            qz = w0 * places[a, 2] + w1 * places[b, 2] + w2 * places[c, 2]
            open_ = w0 * attributes[a, 0] + w1 * attributes[b, 0] + w2 * attributes[c, 0]
            x = w0 * rest[a, 0] + w1 * rest[b, 0] + w2 * rest[c, 0]
            y = w0 * rest[a, 1] + w1 * rest[b, 1] + w2 * rest[c, 1]
            z = w0 * rest[a, 2] + w1 * rest[b, 2] + w2 * rest[c, 2]
            kind = part[t]
            gloss, sheen, hair, scatter = 0.0, 1.0, 0.0, 1.0
            glint = 0.0
            if kind == BODY:
                lip = smooth(0.35, 0.7, w0 * attributes[a, 1] + w1 * attributes[b, 1] + w2 * attributes[c, 1])
                mouth = smooth(0.4, 0.8, w0 * attributes[a, 2] + w1 * attributes[b, 2] + w2 * attributes[c, 2])
                ear = w0 * attributes[a, 3] + w1 * attributes[b, 3] + w2 * attributes[c, 3]
                column = w0 * layout[t, 0, 0] + w1 * layout[t, 1, 0] + w2 * layout[t, 2, 0]
                row = w0 * layout[t, 0, 1] + w1 * layout[t, 1, 1] + w2 * layout[t, 2, 1]
                bilinear(texture, column, row, skin)
                pore = grain[int(row * 7.5) & 255, int(column * 7.5) & 255]
                hair = scalp[min(max(int(row), 0), scalp.shape[0] - 1), min(max(int(column), 0), scalp.shape[1] - 1)]
                n0 += skin[3] * 0.6 + 0.035 * pore
                n1 += skin[3] * 0.4 + 0.035 * grain[int(column * 7.5) & 255, int(row * 7.5) & 255]
                gloss, scatter = color_body(x, y, lip, mouth, ear, hair, pore, skin, options, colors, color)
            elif LEFT_EYE <= kind <= RIGHT_EYE:
                side = 1.0 if kind == LEFT_EYE else -1.0
                ex, ey = (x - side * eyeball[0]) / eyeball[3], (y - eyeball[1]) / eyeball[3]
                radius = math.sqrt(ex * ex + ey * ey) if z > eyeball[2] else 2.0
                color_eye(ex, ey, radius, options[4], colors, color)
                open_ *= 0.55 + 0.45 * smooth(0.62, 0.2, ey)  # the upper lid's shade
                across = (ex - 0.24 * key[0]) ** 2 + (ey - 0.12 - 0.16 * key[1]) ** 2
                glint = 0.7 * (1 - smooth(0.002, 0.008, across))
                scatter, sheen = 0.3, 0.6
            elif UPPER_TEETH <= kind <= LOWER_TEETH:
                color_teeth(x, y, z, kind == UPPER_TEETH, color)
                gloss = 0.6
                open_ *= smooth(0.30, 0.14, abs(x)) * 0.9 + 0.1  # the corners of the mouth are dark
            elif kind == TONGUE:
                color[0], color[1], color[2] = 0.42, 0.14, 0.13
                gloss = 0.4
            length = math.sqrt(n0 * n0 + n1 * n1 + n2 * n2) + 1e-9
            n0, n1, n2 = n0 / length, n1 / length, n2 / length
            facing = n0 * key[0] + n1 * key[1] + n2 * key[2]
            lx = (to_light[0, 0] * qx + to_light[0, 1] * qy + to_light[0, 2] * qz) * SHADOW_SCALE + SHADOW_SIZE / 2
            ly = (to_light[1, 0] * qx + to_light[1, 1] * qy + to_light[1, 2] * qz) * SHADOW_SCALE + SHADOW_SIZE / 2
            lz = to_light[2, 0] * qx + to_light[2, 1] * qy + to_light[2, 2] * qz
            slant = math.sqrt(max(0.0, 1 - facing * facing)) / max(0.15, abs(facing))
            lit = light_share(lx, ly, lz, 0.05 + 0.06 * min(3.0, slant), shadow, 2.2 - 1.4 * hardness)
            if UPPER_TEETH <= kind <= LOWER_TEETH:
                lit = (0.55 + 0.45 * lit) * open_
            lit = 1 - (0.72 + 0.28 * hardness) * (1 - lit)
            up = 0.5 + 0.5 * n1
            mirror = max(0.0, n0 * half[0] + n1 * half[1] + n2 * half[2])
            edge = (1 - max(0.0, min(1.0, n2))) ** 4
            rim_mirror = max(0.0, n0 * rim_half[0] + n1 * rim_half[1] + n2 * rim_half[2])
            shine = gloss * sheen * (0.05 * mirror**9 + 0.10 * mirror**32) * lit * (0.3 + 0.7 * open_)
            rim_shine = 0.05 * edge + 0.05 * gloss * rim_mirror**20
            rim_facing = max(0.0, n0 * rim[0] + n1 * rim[1] + n2 * rim[2])
            for k in range(3):
                wrap = scatter * (0.34, 0.17, 0.11)[k] + 0.15 * (1 - hardness)  # red light wanders farthest under skin
                diffuse = max(0.0, (facing + wrap) / (1 + wrap))
                diffuse *= lit + scatter * (0.10, 0.03, 0.02)[k] * (1 - lit)
                hollow = open_ * (1 + (1 - open_) * color[k] * scatter)  # light bounces within folds of bright skin
                sky = lights[3, k] + (lights[2, k] - lights[3, k]) * up
                value = color[k] * (lights[1, k] * diffuse * (0.55 + 0.45 * open_) + sky * hollow)
                value += lights[1, k] * shine + sky * open_ * (0.05 + 0.10 * gloss) * edge
                value += sky * 0.018 * gloss * (0.5 + 0.5 * up) * open_
                value += lights[5, k] * rim_facing * (0.25 * color[k] + rim_shine) * open_
                image[v, u, k] = value + glint * lights[1, k] * min(1.0, 2 * open_)


@fast
def color_body(x, y, lip, mouth, ear, hair, pore, skin, options, colors, color):
    """The color of skin, lips, scalp and cloth; returns how much it shines and scatters."""
    stubble = min(0.85, skin[5] * options[1] * (0.7 + 0.3 * pore))
    for k in range(3):
        color[k] = skin[k] * (1 + 0.035 * pore)
        color[k] *= 1 - 0.62 * max(0.0, stubble) * (1 - 0.12 * (k == 2))
        color[k] += (colors[5, k] - color[k]) * 0.6 * skin[6] * options[3]
        tone = colors[1, k] * (1 + 0.10 * pore)
        tone += (colors[4, k] * (1 + 0.05 * pore) - tone) * options[2]
        color[k] += (tone - color[k]) * lip * 0.85
        color[k] *= 1 - 0.12 * min(1.0, ear) * (k > 0)
        color[k] += (colors[3, k] * (0.8 + 0.25 * pore) - color[k]) * hair
    color[0] += (0.16 - color[0]) * mouth
    color[1] += (0.045 - color[1]) * mouth
    color[2] += (0.04 - color[2]) * mouth
    zone = smooth(0.4, 0.05, abs(x)) * (y > 6.85)  # forehead and nose shine most
    gloss = (0.35 + 0.65 * options[0]) * (0.6 + 0.5 * zone) * (1 + 0.25 * pore) * (1 - 0.8 * hair)
    gloss = gloss * (1 - lip) + lip * (0.7 + 0.6 * options[2])
    scatter = 1.0
    cloth = smooth(0.0, 0.03, options[5] - y + options[6] * abs(x) + 0.9 * max(0.0, abs(x) - 0.65))
    if cloth > 0:
        weave = 1 + 0.05 * pore
        for k in range(3):
            color[k] += (colors[2, k] * weave - color[k]) * cloth
        gloss *= 1 - cloth
        scatter = 1 - cloth
    return gloss, scatter * (1 - hair)


@fast
def color_eye(ex, ey, radius, iris, colors, color):
    """The color of an eye at a place relative to its middle, in radii of the eyeball."""
    turn = math.atan2(ey, ex)
    veins = 0.03 * abs(ex)
    color[0], color[1], color[2] = 0.44 - veins, 0.415 - 2 * veins, 0.40 - 2 * veins
    inside = 1 - smooth(iris * 0.93, iris * 1.05, radius)
    fibers = 1 + 0.22 * math.sin(turn * 21 + 4 * math.sin(turn * 6)) * smooth(iris * 0.4, iris * 0.6, radius)
    ring = (1 - 0.6 * smooth(iris * 0.72, iris, radius)) * (1.3 - 0.4 * smooth(iris * 0.4, iris * 0.75, radius))
    pupil = 1 - smooth(iris * 0.36, iris * 0.43, radius)
    for k in range(3):
        color[k] += (1.1 * colors[0, k] * fibers * ring - color[k]) * inside
        color[k] += (0.008 - color[k]) * pupil


@fast
def color_teeth(x, y, z, upper, color):
    """The color of teeth and gums."""
    bow = math.atan2(x, z - 0.95)
    gap = 0.35 + 0.65 * smooth(0.0, 0.10, 0.5 + 0.5 * math.cos(bow * 36))
    gum = smooth(6.76, 6.80, y) if upper else smooth(6.50, 6.46, y)
    color[0] = 0.74 * gap + (0.42 - 0.74 * gap) * gum
    color[1] = 0.70 * gap + (0.16 - 0.70 * gap) * gum
    color[2] = 0.60 * gap + (0.15 - 0.60 * gap) * gum


@fast
def shade_ribbons(points, tints, depths, base, shine, lights, to_light, shadow, colors):
    """Linear color of ribbons' points ``(M, K, 3)`` before the camera, after Kajiya and Kay (1989), into ``colors``."""
    key, rim = lights[0], lights[4]
    half = np.array([key[0], key[1], key[2] + 1])
    half /= math.sqrt((half * half).sum())
    steps = points.shape[1]
    for m in range(points.shape[0]):
        for k in range(steps):
            i = min(k, steps - 2)
            tx, ty = points[m, i + 1, 0] - points[m, i, 0], points[m, i + 1, 1] - points[m, i, 1]
            tz = points[m, i + 1, 2] - points[m, i, 2]
            length = math.sqrt(tx * tx + ty * ty + tz * tz) + 1e-9
            tx, ty, tz = tx / length, ty / length, tz / length
            along = tx * key[0] + ty * key[1] + tz * key[2]
            along_half = tx * half[0] + ty * half[1] + tz * half[2]
            along_rim = tx * rim[0] + ty * rim[1] + tz * rim[2]
            x, y, z = points[m, k]
            lx = (to_light[0, 0] * x + to_light[0, 1] * y + to_light[0, 2] * z) * SHADOW_SCALE + SHADOW_SIZE / 2
            ly = (to_light[1, 0] * x + to_light[1, 1] * y + to_light[1, 2] * z) * SHADOW_SCALE + SHADOW_SIZE / 2
            lz = to_light[2, 0] * x + to_light[2, 1] * y + to_light[2, 2] * z
            u, v = int(lx), int(ly)
            lit = 1.0
            if 0 <= u < SHADOW_SIZE and 0 <= v < SHADOW_SIZE:
                lit = 0.25 + 0.75 * smooth(-0.16, -0.02, lz - shadow[v, u])
            place = (0.30 + 0.70 * depths[m]) * (0.55 + 0.45 * k / (steps - 1))  # deep and near the root is dark
            across = math.sqrt(max(0.0, 1 - along * along))
            spec = max(0.0, 1 - along_half * along_half) ** 24 * shine * lit * place
            back = math.sqrt(max(0.0, 1 - along_rim * along_rim)) * (rim[2] < 0.5)
            for c in range(3):
                sky = 0.45 * lights[3, c] + 0.55 * lights[2, c]
                value = (
                    base[c]
                    * tints[m]
                    * (lights[1, c] * (0.1 + 0.75 * across) * lit * (0.4 + 0.6 * place) + 1.3 * sky * place)
                )
                value += lights[1, c] * spec * (0.06 + 0.5 * base[c])
                colors[m, k, c] = value + lights[5, c] * back * place * (0.02 + 0.35 * base[c])
