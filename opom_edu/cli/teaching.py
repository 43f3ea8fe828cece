"""``opom-edu assign``, ``grade`` and ``tournament``: what a class does with people of its own."""

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


@app.command("tournament")
def tournament_command(
    folder: Annotated[Path, typer.Argument(help="of the tournament")],
    new: Annotated[bool, typer.Option("--open", help="write the photos that teams learn from, and judge nothing")] = False,
) -> None:
    """Judge masks, purifiers and recognizers of teams, in FOLDER/teams/TEAM, on photos that nobody saw.

    Networks run with limits on time and memory, but in no sandbox.
    """
    with plain_errors():
        from opom_edu.assignments.tournament import judge, open_tournament

        if new:
            console.print(f"Give {open_tournament(folder)} to the teams. Keep {folder / 'secret.txt'} to yourself.")
            return
        with telling("looking at what was handed in") as show:
            table = judge(folder, on_progress=show)
    for row in table.to_dict("records"):
        score = (
            f"{row['score']:.1f} ({row['low']:.1f} to {row['high']:.1f})" if row["score"] == row["score"] else "not judged"
        )
        console.print(f"{row['team']}, {row['part']}: {score}" + (f"; {row['told']}" if row["told"] else ""))
    console.print(f"More: {folder / 'tournament.html'}")
