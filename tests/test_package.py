"""The public names and what importing them costs."""

import subprocess
import sys

import pytest

import opom_edu


def test_importing_the_package_loads_nothing_heavy() -> None:
    heavy = {"torch", "pandas", "numpy", "matplotlib", "kornia", "sklearn", "cvxpy", "umap"}
    code = f"import sys, opom_edu; print(sorted({heavy!r} & set(sys.modules)))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_the_library_needs_no_optional_package() -> None:
    optional = ("cvxpy", "dlib", "onnxruntime", "jupyterlab", "ipywidgets", "plotly", "umap", "hypothesis", "onnx", "dask")
    code = f"""
import sys
sys.modules.update(dict.fromkeys({optional!r}))
import opom_edu
[getattr(opom_edu, name) for name in opom_edu.__all__]
opom_edu.experiments
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_public_name_is_there() -> None:
    for name in opom_edu.__all__:
        assert getattr(opom_edu, name).__doc__
    assert opom_edu.hulls.ConvexHull
    assert set(opom_edu.__all__) <= set(dir(opom_edu))
    with pytest.raises(AttributeError, match="magic"):
        _ = opom_edu.magic
