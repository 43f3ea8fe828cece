"""Build opom_edu/faces/mtcnn.safetensors from the weights that the package facenet-pytorch carries (MIT).

    pip download --no-deps facenet-pytorch==2.6.0
    python datasets/make_face_finder.py facenet_pytorch-2.6.0-py3-none-any.whl

The package itself cannot be a dependency: it wants NumPy below 2 and torch below 2.3. None of its code is used.
"""

from __future__ import annotations

import hashlib
import io
import sys
import zipfile
from pathlib import Path

import torch
from safetensors.torch import save

from opom_edu.faces.mtcnn import WEIGHTS, blank_networks
from opom_edu.files import replacing

EXPECTED = "ecb82b27beb226d106f2219efe8f829b01b87a8595badd01545679bdb9f19cca"
FILES = {"proposal": "pnet", "refinement": "rnet", "output": "onet"}


def main(wheel: str) -> None:
    if hashlib.sha256(Path(wheel).read_bytes()).hexdigest() != EXPECTED:
        raise SystemExit(f"{wheel} is not the file that this script was written for (sha256 {EXPECTED})")
    archive, kept = zipfile.ZipFile(wheel), {}
    for name, network in blank_networks().items():
        stored = torch.load(io.BytesIO(archive.read(f"facenet_pytorch/data/{FILES[name]}.pt")), weights_only=True)
        for (key, own), value in zip(network.state_dict().items(), stored.values(), strict=True):
            if value.dim() == 2 and own.shape[1] in (576, 1152):  # its picture is flattened as width, height, channels
                value = value.unflatten(1, (3, 3, -1)).permute(0, 3, 2, 1).flatten(1)
            kept[f"{name}.{key}"] = value.half().reshape(own.shape).contiguous()
    with replacing(WEIGHTS) as temporary:
        temporary.write_bytes(save(kept))
    print(f"{WEIGHTS.name}: {sum(value.numel() for value in kept.values())} numbers")
    print(f"sha256 {hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    main(*sys.argv[1:])
