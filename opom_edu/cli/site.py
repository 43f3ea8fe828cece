"""``opom-edu site`` and ``course``: the course without a kernel, and its notebooks out of the package."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from opom_edu.cli.common import app, console, plain_errors, telling

PACKAGED = Path(__file__).parents[1] / "course"
CLONED = Path(__file__).parents[2] / "notebooks"


def _notebooks() -> Path:
    """The course's folder: in the installed package, or in the clone."""
    return PACKAGED if PACKAGED.is_dir() else CLONED


@app.command("site")
def site_command(
    out: Annotated[Path, typer.Option(help="folder for the site")] = Path("out/site"),
    notebooks: Annotated[Path | None, typer.Option(help="folder of the chapters; by default the course's own")] = None,
    book: Annotated[bool, typer.Option(help="also run the chapters and write them as pages")] = True,
    serve: Annotated[bool, typer.Option(help="show an existing site to this machine's browser, and write nothing")] = False,
    port: Annotated[int, typer.Option(help="of --serve")] = 8000,
) -> None:
    """Write the course as a web site whose labs learn masks in the page. Any web server shows it; --serve does, too."""
    with plain_errors():
        if serve:
            _serve(out, port)
            return
        from opom_edu.web.site import build_site

        with telling("fetching ONNX Runtime") as show:
            build_site(out, notebooks=(notebooks or _notebooks()) if book else None, on_progress=show)
    console.print(f"{out / 'index.html'} is the start page. See it with: opom-edu site --serve --out {out}")


def _serve(out: Path, port: int) -> None:
    from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

    if not (out / "index.html").is_file():
        raise OSError(f"{out} holds no site; write it first: opom-edu site --out {out}")
    with ThreadingHTTPServer(("127.0.0.1", port), partial(SimpleHTTPRequestHandler, directory=str(out))) as server:
        console.print(f"http://127.0.0.1:{port} shows {out}. Ctrl+C ends.")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            console.print("ended")


@app.command("course")
def course_command(out: Annotated[Path, typer.Argument(help="a new or empty folder for the notebooks")]) -> None:
    """Copy the course's notebooks, with solutions and the teacher's kit, out of the package."""
    with plain_errors():
        if out.exists() and any(out.iterdir()):
            raise OSError(f"{out} is not empty: notebooks of yours might be written over; name a new folder")
        shutil.copytree(_notebooks(), out, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    console.print(f"{out}: open it with jupyter lab {out / '00_start_here.ipynb'}")
