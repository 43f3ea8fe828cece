"""The page's projections against the library's, under node."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import torch
from torch import Tensor

from opom_edu.hulls import hull_type
from tests.hulls.test_hulls import cloud, degenerate

HULLS = Path(__file__).parents[2] / "opom_edu" / "widgets" / "hulls.js"
SCRIPT = """
import fs from "fs";
const { solver, mix } = await import(process.env.HULLS);
const problems = JSON.parse(fs.readFileSync(0));
console.log(JSON.stringify(problems.map(([name, features, x]) => mix(solver(name, features)(x), features))));
"""


def solved(problems: list[tuple[str, Tensor, Tensor]]) -> list[Tensor]:
    """What the page finds, in double precision."""
    given = json.dumps([(name, features.double().tolist(), x.double().tolist()) for name, features, x in problems])
    command = ["node", "--input-type=module", "--eval", SCRIPT]
    environment = os.environ | {"HULLS": HULLS.as_uri()}
    done = subprocess.run(command, input=given, env=environment, capture_output=True, text=True, check=True)
    return [torch.tensor(point, dtype=torch.float64) for point in json.loads(done.stdout)]


@pytest.mark.skipif(shutil.which("node") is None, reason="running the page's script needs Node.js")
@pytest.mark.parametrize("name", ["center", "affine", "convex"])
def test_projections_are_the_librarys(name: str) -> None:
    clouds = [cloud(seed, *[(10, 128), (3, 8), (25, 16), (10, 512)][seed % 4]) for seed in range(200)]
    problems = [(name, features, points[0]) for features, points in clouds]
    problems += [(name, *problem) for case, problem in degenerate().items() if (name, case) != ("affine", "nearly the same")]
    for (_, features, x), found in zip(problems, solved(problems), strict=True):
        wanted = hull_type(name)(features.double()).project(x[None].double())[0]
        scale = max(1.0, float(features.abs().max()))
        torch.testing.assert_close(found, wanted, atol=1e-6 * scale, rtol=1e-6)
