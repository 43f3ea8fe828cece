"""``opom-edu assign`` and ``grade``: an assignment for each student, and its grading."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from opom_edu.cli.common import app, console, plain_errors, telling

Secret = Annotated[Path | None, typer.Option(help="the file of the secret; by default secret.txt beside the assignments")]
Course = Annotated[Path | None, typer.Option(help="also write an nbgrader course to this folder")]
Table = Annotated[Path | None, typer.Option(help="folder for grades.csv and grades.html; by default the assignment's")]


@app.command("assign")
def assign_command(
    roster: Annotated[Path, typer.Argument(help="CSV with the columns id and name, a line per student")],
    out: Annotated[Path, typer.Option(help="folder for everybody's assignment and the sealed key")],
    secret: Secret = None,
    nbgrader: Course = None,
) -> None:
    """Give every student an assignment with people of their own. Stopped at any time, the same command goes on.

    Hand out the folders in OUT/students. Keep OUT/key and the secret: without them nothing can be graded.
    """
    with plain_errors():
        from opom_edu.assignments import assign, export

        with telling("rendering everybody's people") as show:
            students = assign(roster, out, secret=secret, on_progress=show)
        course = export(out, nbgrader, secret=secret) if nbgrader else None
    console.print(f"{len(students)} assignments in {out / 'students'}; keep {secret or out / 'secret.txt'} to yourself")
    if course:
        console.print(f"For nbgrader: {course}; the page on assignments in notebooks/teaching says how to go on")


@app.command("grade")
def grade_command(
    folder: Annotated[Path, typer.Argument(help="what assign wrote")],
    submissions: Annotated[Path, typer.Argument(help="a folder with a folder per student, named as theirs or by their id")],
    out: Table = None,
    secret: Secret = None,
) -> None:
    """Grade what was handed in. Answers are data; the code of task 7 runs with limits, but in no sandbox."""
    with plain_errors():
        from opom_edu.assignments import grade

        with telling("computing what is true") as show:
            table = grade(folder, submissions, out=out, secret=secret, on_progress=show)
    for row in table.to_dict("records"):
        console.print(f"{row['name']}: {row['points']:g} points" + (f" ({row['notes']})" if row["notes"] else ""))
    console.print(f"Reasons: {(out or folder) / 'grades.html'}")
