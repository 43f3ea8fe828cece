"""Pictures for textures.npz, made from MakeHuman's: skins without painted hair, hair without its color, an iris.

Used by make_head_pack.py.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

SKIN_SIZE, WINDOW = 512, (320, 87, 192, 356)  # pixels of a skin; column, row, width and height of the head in it
LUMINANCE = 96  # of hair's mean, in its texture


def plain_hair(picture: np.ndarray, uv: np.ndarray) -> np.ndarray:
    """The texture's luminance around LUMINANCE, painted highlights taken off and colors bled past the edges, uint8."""
    drawn = np.zeros(picture.shape[:2], np.float32)
    for triangle in uv / 65535:
        cv2.fillConvexPoly(drawn, (triangle * picture.shape[1::-1]).astype(np.int32), 1)
    luminance, cover = picture[..., :3].mean(2).astype(np.float32) / 255, drawn * picture[..., 3] / 255
    mean = (luminance * cover).sum() / cover.sum()
    spread = np.sqrt((((luminance - mean) ** 2) * cover).sum() / cover.sum())
    relative = (luminance - mean) / (spread + 1e-6)
    broad = cv2.GaussianBlur(relative * cover, (0, 0), 20) / (cv2.GaussianBlur(cover, (0, 0), 20) + 1e-3)
    value = np.exp(0.34 * (relative - 0.55 * broad).clip(-2.2, 2.4))
    value[cover < 0.02] = 1
    near = cv2.GaussianBlur(value * (cover + 1e-3), (0, 0), 4) / cv2.GaussianBlur(cover + 1e-3, (0, 0), 4)
    inside = np.minimum(1, 3 * cover)
    return np.clip(LUMINANCE * (value * inside + near * (1 - inside)), 0, 255).astype(np.uint8)


def strands(picture: np.ndarray, uv: np.ndarray) -> np.ndarray:
    """The direction of the strands in each triangle, as coefficients of its two edges ``(T, 2)``: from the texture's
    structure tensor."""
    cover = picture[..., 3].astype(np.float32) / 255
    soft = cv2.GaussianBlur(picture[..., :3].mean(2).astype(np.float32) / 255 * cover, (0, 0), 1.0)
    dx, dy = cv2.Sobel(soft, cv2.CV_32F, 1, 0), cv2.Sobel(soft, cv2.CV_32F, 0, 1)
    xx, xy, yy = (cv2.GaussianBlur(product * (cover > 0.5), (0, 0), 8) for product in (dx * dx, dx * dy, dy * dy))
    corners = uv / 65535
    height, width = cover.shape
    column, row = np.clip(corners.mean(1) * (width, height), 0, (width - 1, height - 1)).astype(int).T
    angle = 0.5 * np.arctan2(2 * xy[row, column], xx[row, column] - yy[row, column]) + np.pi / 2
    along = np.stack([np.cos(angle) / width, np.sin(angle) / height], 1)
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = first[:, 0] * second[:, 1] - second[:, 0] * first[:, 1]
    area = np.where(abs(area) < 1e-9, 1e-9, area)
    parts = along[:, 0] * second[:, 1] - second[:, 0] * along[:, 1], first[:, 0] * along[:, 1] - along[:, 0] * first[:, 1]
    found = np.stack(parts, 1) / area[:, None]
    return (found / (np.linalg.norm(found, axis=1, keepdims=True) + 1e-9)).astype(np.float16)


def skins(assets: dict[str, bytes]) -> Iterator[tuple[str, np.ndarray]]:
    """Each skin's head without painted hair, and ``scalp``, where that hair was."""
    column, row, width, height = WINDOW
    crops = {}
    for name, data in sorted(assets.items()):
        if name.endswith(".png") and "/textures/" in name and "/skins/" in name and "suit" not in name:
            second = "2" if name.endswith("young_lightskinned_female_diffuse2.png") else ""
            second = "2" if name.endswith("young_lightskinned_male_diffuse2.png") else second
            picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
            crops[name.split("/")[4] + second] = picture[row : row + height, column : column + width]
    scalp = painted_scalp(crops["young_african_female"])
    for key, crop in crops.items():
        yield f"skin/{key}", encoded(without_hair(crop, scalp), ".webp", 94)
    yield "scalp", encoded(np.round(scalp * 255).astype(np.uint8), ".png")


def painted_scalp(crop: np.ndarray) -> np.ndarray:
    """Where black hair is painted on a dark skin, 0 to 1, eyes and mouth left out."""
    row, column = np.mgrid[0 : crop.shape[0], 0 : crop.shape[1]]
    u, v = (column + WINDOW[0] + 0.5) / SKIN_SIZE, (row + WINDOW[1] + 0.5) / SKIN_SIZE
    scalp = np.clip((0.17 - crop.mean(2) / 255) / 0.10, 0, 1) * (u < 0.83)
    scalp[(abs(v - 0.515) < 0.085) & (u > 0.775)] = 0
    return cv2.GaussianBlur(scalp.astype(np.float32), (0, 0), 1.2)


def without_hair(crop: np.ndarray, scalp: np.ndarray) -> np.ndarray:
    """The skin around carried on under the hair."""
    bare = (1 - scalp) ** 4 + 1e-4
    bare = bare * (np.arange(crop.shape[1]) + WINDOW[0] > 0.72 * SKIN_SIZE)
    weighted, total = np.zeros(crop.shape, np.float32), np.zeros(scalp.shape, np.float32)
    for deviation, share in ((4, 1.0), (14, 0.05), (40, 0.002)):
        weighted += share * cv2.GaussianBlur(crop * bare[..., None].astype(np.float32), (0, 0), deviation)
        total += share * cv2.GaussianBlur(bare.astype(np.float32), (0, 0), deviation)
    hidden = np.clip(1.4 * cv2.dilate(scalp, np.ones((5, 5))), 0, 1)[..., None]
    return np.clip(crop * (1 - hidden) + weighted / total[..., None] * hidden, 0, 255).astype(np.uint8)


def iris(data: bytes) -> np.ndarray:
    """A gray iris ``(96, 96)`` around 128, its middle in the middle, the pupil filled."""
    gray = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).mean(2).astype(np.float32) / 255
    size, radius = gray.shape[0], 62
    row, column = int(0.295 * size) - 60, int(0.705 * size) - 60
    dark = cv2.GaussianBlur(gray[row : row + 120, column : column + 120], (0, 0), 3) < 0.2
    middle = column + np.nonzero(dark)[1].mean(), row + np.nonzero(dark)[0].mean()
    patch = cv2.resize(cv2.getRectSubPix(gray, (2 * radius, 2 * radius), middle), (96, 96))
    y, x = np.mgrid[0:96, 0:96]
    distance = np.hypot(x - 47.5, y - 47.5) / 48
    patch /= patch[(distance > 0.40) & (distance < 0.92)].mean()
    patch[distance <= 0.40] = 1
    return np.clip(128 * patch.clip(0.35, 1.8), 0, 255).astype(np.uint8)


def encoded(picture: np.ndarray, kind: str, quality: int = 100) -> np.ndarray:
    """A picture file's bytes as an array."""
    options = [cv2.IMWRITE_WEBP_QUALITY, quality] if kind == ".webp" else []
    return cv2.imencode(kind, picture, options)[1].ravel()
