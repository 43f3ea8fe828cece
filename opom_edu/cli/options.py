"""Options that several commands take; each help text stands here once."""

from __future__ import annotations

from typing import Annotated

import typer

Surrogate = Annotated[str, typer.Option(help="learn on this recognizer, or on several, comma-separated")]
Eps = Annotated[str, typer.Option(help="largest change of a pixel, as a share of its range")]
Steps = Annotated[int, typer.Option(help="gradient steps per mask")]
Momentum = Annotated[float, typer.Option(help="share of the previous direction kept; 1 goes well with 100 steps")]
Transfer = Annotated[bool, typer.Option("--transfer", help="learn for transfer: momentum 1, random flips, input diversity")]
FaceFinder = Annotated[str, typer.Option("--finder", help="what finds faces: mtcnn, or dlib (frontal ones only)")]
Seed = Annotated[int, typer.Option(min=0, max=2**32, help="the same seed gives the same result")]
Device = Annotated[str, typer.Option(help="where the surrogate runs: cpu, cuda, ...")]
