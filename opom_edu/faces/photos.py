"""Ordinary photos in and out: read, align a face, and lay an edited crop back into the full photo. Geometry only."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, PngImagePlugin

from opom_edu.errors import MissingExtraError, PhotoError, import_extra
from opom_edu.faces.images import SIZE
from opom_edu.faces.metadata import RAW, color_chunks, is_raw, kept_exif
from opom_edu.files import replacing

Array = NDArray[np.float64]
Pixels = NDArray[np.uint8]

# Where ArcFace's alignment puts eyes, nose tip and mouth corners, in pixels of the 112x112 crop.
ARCFACE = np.array([[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]])
FEATHER = 6  # pixels of the crop over which a change fades out towards its border
MAX_PIXELS = 100_000_000  # beyond it no image is read, so that one file cannot fill the memory
RAW_REMEDY = "is a camera's raw file, or holds a preview first; export it as JPEG or TIFF and give that"
MARK = "protected by opom_edu"  # how the EXIF tag "Software" of a protected photo begins
ORIENTATION, SOFTWARE = 0x0112, 0x0131
# What sets a photo upright, by EXIF's orientation, 2 to 8; 1 is upright.
UPRIGHT = ["FLIP_LEFT_RIGHT", "ROTATE_180", "FLIP_TOP_BOTTOM", "TRANSPOSE", "ROTATE_270", "TRANSVERSE", "ROTATE_90"]
TURNS = {orientation: Image.Transpose[name] for orientation, name in enumerate(UPRIGHT, 2)}
HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


@dataclass(frozen=True, eq=False)
class Photo:
    """A photo as it is looked at: upright, 8 bit.

    Attributes:
        pixels: ``(H, W, 3)`` uint8 RGB; gray photos have three equal channels.
        mode: Pillow's name for what the file holds and its copy will: "L", "LA", "RGB" or "RGBA".
        alpha: ``(H, W)`` uint8, or None.
        icc: color profile, or None.
        exif: camera data, place, ...
        changes: what was converted in reading, one remark each.
        colors: of a PNG file, the chunks that tell what its colors mean.

    Example:
        >>> photo = read_photo(folder / "photos" / "Ada" / "0.png")
        >>> photo.pixels.shape, photo.mode, photo.mark, photo.gray
        ((112, 112, 3), 'RGB', '', False)
    """

    pixels: Pixels
    mode: str
    alpha: Pixels | None
    icc: bytes | None
    exif: Image.Exif
    changes: tuple[str, ...]
    colors: tuple[tuple[bytes, bytes], ...] = ()

    @property
    def mark(self) -> str:
        """What :func:`save_photo` wrote into a protected photo; otherwise empty."""
        software = str(self.exif.get(SOFTWARE, ""))
        return software if software.startswith(MARK) else ""

    def lost_in_jpeg(self) -> list[str]:
        """What a JPEG copy cannot hold, one remark each."""
        remarks = []
        if self.alpha is not None and self.alpha.min() < 255:
            remarks.append("transparent parts are white in the JPEG")
        if not self.icc and (names := [name.decode() for name, _ in self.colors if name != b"sRGB"]):
            remarks.append(f"JPEG has no {', '.join(names)}: the colors of the copy may look different")
        return remarks

    @property
    def gray(self) -> bool:
        """Whether all channels are equal everywhere, in a gray file or a colored one."""
        red, green, blue = cv2.split(self.pixels)
        return self.mode.startswith("L") or (np.array_equal(red, green) and np.array_equal(green, blue))


def read_photo(source: str | Path | bytes, *, name: str = "") -> Photo:
    """Read a photo as it is looked at: turned as its EXIF orientation says.

    16-bit photos are reduced to 8, CMYK and palettes become RGB, each with a remark in ``changes``.

    Args:
        source: a file, or a file's content.
        name: what errors call it; by default the file's path.

    Raises:
        PhotoError: for what is not a still picture, is damaged, is a camera's raw file, or has more than 100 million pixels.
        MissingExtraError: for HEIC without the package pillow-heif.

    Example:
        >>> read_photo(b"", name="a.jpg")
        Traceback (most recent call last):
            ...
        opom_edu.errors.PhotoError: a.jpg cannot be read: the file is empty
    """
    name = name or ("the photo" if isinstance(source, bytes) else str(source))
    if name.lower().endswith(RAW):
        raise PhotoError(f"{name} {RAW_REMEDY}")
    try:
        with io.BytesIO(source) if isinstance(source, bytes) else open(source, "rb") as file:
            if not (head := file.read(12)):
                raise OSError("the file is empty")
            if head[4:8] == b"ftyp" and head[8:] in HEIC:
                import_extra("pillow_heif", "heic", f"{name} is a HEIC photo, and pillow-heif").register_heif_opener()
            colors = color_chunks(file)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Pillow's own limit of pixels, and remarks on odd metadata
                with Image.open(file) as opened:
                    return replace(_decode(opened), colors=colors)
    except MissingExtraError:
        raise
    except Exception as error:  # Pillow's decoders raise a dozen types for damaged files
        raise PhotoError(f"{name} cannot be read: {error}") from error


def _decode(opened: Any) -> Photo:
    width, height = opened.size
    if width * height > MAX_PIXELS:
        raise OSError(f"{width}x{height} pixels are more than the {MAX_PIXELS / 1e6:g} million allowed")
    if is_raw(opened):
        raise OSError(f"it {RAW_REMEDY}")
    # A phone's MPO holds the photo and, behind it, a map of depths or of brightness.
    if getattr(opened, "n_frames", 1) > 1 and opened.format != "MPO":
        raise OSError(f"it holds {opened.n_frames} pictures, an animation or pages; save the one you mean as a still")
    changes = []
    mode = "L" if opened.mode[0] in "1I" or opened.mode in ("L", "LA", "La") else "RGB"
    mode += "A" if opened.has_transparency_data else ""
    if opened.mode.startswith("I") or any("16" in str(tile[3]) for tile in opened.tile):
        changes.append("reduced from 16 to 8 bit")
    elif opened.mode not in (mode, "P", "1"):
        changes.append(f"converted from {opened.mode} to {mode}")
    icc = opened.info.get("icc_profile") if opened.mode != "CMYK" else None
    exif = opened.getexif()
    # Not by ImageOps.exif_transpose, which writes all of the EXIF anew and stumbles over one odd tag.
    turn = TURNS.get(exif.pop(ORIENTATION, 1))
    image = _eight_bit(opened.transpose(turn) if turn is not None else opened).convert(mode)
    alpha = np.array(image.getchannel("A")) if mode.endswith("A") else None
    # Without its alpha first: converting both at once would show what lies under transparent pixels as black.
    pixels = np.array(image.convert(mode.removesuffix("A")).convert("RGB"))
    return Photo(pixels, mode, alpha, icc, exif, tuple(changes))


def _eight_bit(image: Image.Image) -> Image.Image:
    if image.mode == "F":
        raise OSError("floating-point pixels have no fixed range")
    if image.mode.startswith("I"):
        levels = np.asarray(image)
        # Mode I holds integers of any size: 8-bit levels unless one is larger.
        factor = 1 if image.mode == "I" and levels.max() <= 255 else 257
        return Image.fromarray((levels / factor).round().clip(0, 255).astype(np.uint8))
    if image.mode == "CMYK" and image.info.get("icc_profile"):
        source = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
        converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        return converted if converted is not None else image
    return image


def save_photo(
    photo: Photo, pixels: Pixels, path: str | Path, *, quality: int | None = None, mark: str = "", keep_exif: bool = False
) -> None:
    """Write ``pixels`` in place of the photo's own, whole or not at all: mode, transparency and color profile stay.

    EXIF (place, time, camera) and all other metadata are left out, for they may give away what the pixels hide.

    Args:
        photo: the original.
        pixels: ``(H, W, 3)`` uint8 RGB, of the same size.
        path: a PNG file, or with ``quality``, 1 to 100, a JPEG file; transparent pixels are laid over white there.
        mark: added to what says that the photo is protected, see :attr:`Photo.mark`.
        keep_exif: keep the tags of :func:`opom_edu.faces.metadata.kept_exif`: none that may hold the face as it was.

    Raises:
        PhotoError: if the photo, with its EXIF, cannot be written in this format.
        OSError: if the folder, which is made, or the file cannot be written to.

    Example:
        >>> photo = read_photo(folder / "photos" / "Ada" / "0.png")
        >>> save_photo(photo, 255 - photo.pixels, folder / "negative.png")
        >>> read_photo(folder / "negative.png").mark
        'protected by opom_edu'
    """
    if photo.alpha is not None and quality is not None:  # or what was erased would be seen again
        share = photo.alpha[..., None] / 255
        pixels = np.round(pixels * share + 255 * (1 - share)).astype(np.uint8)
    image = Image.fromarray(pixels).convert(photo.mode.removesuffix("A"))
    options: dict[str, Any] = {"format": "JPEG", "quality": quality, "subsampling": 0}
    if quality is None:
        options = {"format": "PNG", "pnginfo": PngImagePlugin.PngInfo()}
        for chunk in () if photo.icc else photo.colors:
            options["pnginfo"].add(*chunk)
        if photo.alpha is not None:
            image.putalpha(Image.fromarray(photo.alpha))
    try:
        exif = kept_exif(photo.exif) if keep_exif else Image.Exif()
        exif[SOFTWARE] = f"{MARK} {mark}".strip()
        with replacing(path) as temporary:
            image.save(temporary, exif=exif, icc_profile=photo.icc, **options)
    except OSError:
        raise
    except Exception as error:  # EXIF with tags of another type than they should have, or too long for JPEG
        remedy = "; its EXIF may be damaged: leave it out" if keep_exif else ""
        raise PhotoError(f"{path} cannot be written: {error}{remedy}") from error


def alignment(landmarks: Array) -> Array:
    """The similarity ``(2, 3)`` from landmarks ``(5, 2)`` to ArcFace's template, by least squares (Umeyama 1991).

    Example:
        >>> alignment(2 * ARCFACE + 10).round(3) + 0.0
        array([[ 0.5,  0. , -5. ],
               [ 0. ,  0.5, -5. ]])
    """
    # On the complex plane a similarity is z -> a z + b.
    a, b = np.polyfit(landmarks @ (1, 1j), ARCFACE @ (1, 1j), 1)
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def inverse(matrix: Array) -> Array:
    """The way back of an affine map ``(2, 3)``.

    Example:
        >>> matrix = np.array([[0.5, 0, -5], [0, 0.5, -5]])
        >>> moved(moved(np.array([[3.0, 4.0]]), matrix), inverse(matrix))
        array([[3., 4.]])
    """
    return np.asarray(cv2.invertAffineTransform(matrix))


def moved(points: Array, matrix: Array) -> Array:
    """Points ``(N, 2)`` under an affine map ``(2, 3)``.

    Example:
        >>> moved(np.array([[1.0, 2.0]]), np.array([[2, 0, 10], [0, 2, 10]]))
        array([[12., 14.]])
    """
    return np.asarray(points @ matrix[:, :2].T + matrix[:, 2])


def _seen(matrix: Array, size: tuple[int, int], shape: tuple[int, ...]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First pixel (x, y) of a picture of ``shape`` (H, W, ...) that ``size`` (width, height) sees through ``matrix``, and
    the first beyond, with a border of two pixels."""
    width, height = size
    corners = moved(np.array([[-2, -2], [width + 1, -2], [-2, height + 1], [width + 1, height + 1]]), inverse(matrix))
    low = np.clip(np.floor(corners.min(0)).astype(int), 0, shape[1::-1])
    return low, np.clip(np.ceil(corners.max(0)).astype(int) + 1, low, shape[1::-1])


def warp(image: Any, matrix: Array, size: tuple[int, int], *, interpolation: int = cv2.INTER_LINEAR) -> Any:
    """``image (H, W, 3)`` seen through the similarity ``matrix``, ``size`` (width, height); black beyond its border.

    Where it gets smaller it is averaged first: otherwise what lies between the sampled pixels would be lost. Only the part
    of the image that is seen is worked on, so that a face in a large photo costs no more than a small photo.

    Args:
        image: uint8 or float32.
        matrix: ``(2, 3)``, from the image's pixels to those of the result.
        size: of the result, which is ``(height, width, 3)`` and of the image's type.
        interpolation: one of OpenCV's.

    Example:
        >>> warp(np.full((100, 100, 3), 7, np.uint8), np.array([[0.5, 0, 0], [0, 0.5, 0]]), (20, 10)).shape
        (10, 20, 3)
    """
    scale = float(np.hypot(*matrix[:, 0]))
    low, high = _seen(matrix, size, image.shape)
    part = np.ascontiguousarray(image[low[1] : high[1], low[0] : high[0]])
    if not part.size:
        return np.zeros((size[1], size[0], 3), image.dtype)
    share = np.minimum(1, np.maximum(1, np.round(scale * np.array(part.shape[1::-1]))) / part.shape[1::-1])
    if (share < 1).any():
        part = cv2.resize(part, np.round(share * part.shape[1::-1]).astype(int), interpolation=cv2.INTER_AREA)
    # Pixel centers lie at whole numbers: a pixel x of the part is (x + 0.5) / share - 0.5 + low in the image.
    back = np.array([[1 / share[0], 0, 0.5 / share[0] - 0.5 + low[0]], [0, 1 / share[1], 0.5 / share[1] - 0.5 + low[1]]])
    total = matrix @ np.vstack([back, [0, 0, 1]])
    return np.asarray(cv2.warpAffine(part, total, size, flags=interpolation))


def lay_in(pixels: Pixels, faces: Sequence[tuple[Array, NDArray[np.float32]]], *, eps: float, gray: bool = False) -> Pixels:
    """A copy of the photo ``(H, W, 3)`` with changes of its faces laid in, bit for bit the same everywhere else.

    Args:
        faces: of each, its alignment ``(2, 3)`` from the photo to the crop, and the change of the crop, ``(112, 112, 3)`` in
            shares of the pixel range. It fades out over the crop's last six pixels.
        eps: the largest change of a pixel of the photo, as a share of its range, also where faces overlap.
        gray: change all channels alike, by the mean of their changes.

    Example:
        >>> photo, change = np.full((200, 200, 3), 100, np.uint8), np.full((112, 112, 3), 8 / 255, np.float32)
        >>> laid = lay_in(photo, [(np.eye(2, 3), change)], eps=8 / 255)
        >>> laid[50, 50].tolist(), laid[150, 150].tolist()
        ([108, 108, 108], [100, 100, 100])
    """
    result, limit = pixels.copy(), int(eps * 255 + 1e-6)
    edge = np.minimum(np.arange(SIZE), np.arange(SIZE)[::-1])
    weight = np.clip((np.minimum(edge[:, None], edge) + 0.5) / FEATHER, 0, 1)[..., None]
    for matrix, change in faces:
        low, high = _seen(matrix, (SIZE, SIZE), pixels.shape)
        if (high == low).any():
            continue
        back = inverse(matrix) - np.array([[0, 0, low[0]], [0, 0, low[1]]])
        delta = (change.mean(2, keepdims=True).repeat(3, 2) if gray else change) * weight
        # Cubic: keeps more of the mask's fine grain than linear does, and the limit below cuts what overshoots.
        size = int(high[0] - low[0]), int(high[1] - low[1])
        laid = 255 * warp(delta.astype(np.float32), back, size, interpolation=cv2.INTER_CUBIC)
        place = slice(low[1], high[1]), slice(low[0], high[0])
        own = pixels[place].astype(np.int16)
        allowed = np.clip(np.round(result[place] + laid), own - limit, own + limit)
        result[place] = np.clip(allowed, 0, 255).astype(np.uint8)
    return result
