"""What a photo's file says besides its pixels: which of it a copy may keep, and what its colors mean."""

from __future__ import annotations

import struct
from typing import Any, BinaryIO

from PIL import Image

GPS, EXIF = 0x8825, 0x8769
# The EXIF tags that a copy keeps: camera, lens, exposure, time, place, author. A list, for much else can hold the face as it
# was: thumbnails, Photoshop's resources, XMP, makers' notes, comments, private tags. Serial numbers are left out, too.
FIRST = (0x010E, 0x010F, 0x0110, 0x011A, 0x011B, 0x0128, 0x0132, 0x013B, 0x8298)
KEPT: dict[int | None, tuple[int, ...]] = {
    None: FIRST,
    EXIF: (
        0x829A, 0x829D, 0x8822, 0x8827, 0x8830, 0x9000, 0x9003, 0x9004, 0x9010, 0x9011, 0x9012, *range(0x9201, 0x920B),
        0x9290, 0x9291, 0x9292, 0xA001, *range(0xA402, 0xA40B), 0xA40C, 0xA432, 0xA433, 0xA434,
    ),
    GPS: tuple(range(0x20)),
}  # fmt: skip
LONGEST = 200  # characters, bytes or numbers of a value; a preview has thousands
PNG, COLORS = b"\x89PNG\r\n\x1a\n", (b"gAMA", b"cHRM", b"sRGB", b"cICP")
SUBFILE, DNG = 0x00FE, 0xC612  # TIFF's tags: what a picture is for (bit 0: a preview), and the version of a digital negative
RAW = (
    ".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".iiq", ".kdc", ".mef", ".mos", ".mrw", ".nef", ".nrw",
    ".orf", ".pef", ".raf", ".raw", ".rw2", ".rwl", ".sr2", ".srf", ".srw", ".x3f",
)  # fmt: skip


def kept_exif(exif: Image.Exif) -> Image.Exif:
    """The tags that a copy may keep, where their values are short.

    Example:
        >>> exif = Image.Exif()
        >>> exif[0x0110], exif[0x8649] = "a camera", b"a preview"
        >>> dict(kept_exif(exif))
        {272: 'a camera'}
    """
    made = Image.Exif()
    for ifd, tags in KEPT.items():
        source = exif if ifd is None else exif.get_ifd(ifd)
        if own := {tag: source[tag] for tag in tags if tag in source and _is_short(source[tag])}:
            (made if ifd is None else made.get_ifd(ifd)).update(own)
    return made


def _is_short(value: Any) -> bool:
    return not isinstance(value, (str, bytes, tuple, list)) or len(value) <= LONGEST


def color_chunks(file: BinaryIO) -> tuple[tuple[bytes, bytes], ...]:
    """The chunks of a PNG file that tell what its colors mean, each one's name and content; none of another file.

    Example:
        >>> import io
        >>> color_chunks(io.BytesIO(b"no PNG"))
        ()
    """
    found = []
    file.seek(0)
    if file.read(len(PNG)) == PNG:
        while len(head := file.read(8)) == 8:
            length, name = struct.unpack(">I4s", head)
            if name in (b"IDAT", b"IEND"):
                break
            if name in COLORS and length <= LONGEST:
                found.append((name, file.read(length)))
            else:
                file.seek(length, 1)
            file.seek(4, 1)  # its checksum
    file.seek(0)
    return tuple(found)


def is_raw(opened: Any) -> bool:
    """Whether the first picture of an opened TIFF file is a raw file's preview, and not the photo.

    Example:
        >>> is_raw(Image.new("L", (9, 9)))
        False
    """
    tags = getattr(opened, "tag_v2", {})
    return DNG in tags or bool(int(tags.get(SUBFILE, 0)) & 1)
