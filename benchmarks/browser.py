"""A real JupyterLab or Voila with a real Chromium, for the browser tests and for widget_latency.py."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page, ViewportSize

ROOT = Path(__file__).parents[1]
CONFIG = ROOT / "binder"  # the server's settings, as on Binder
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# No sandbox: where tests run, the user is often root. No requests of the browser's own.
ARGUMENTS = ("--no-sandbox", "--disable-background-networking", "--disable-component-update")
VIEWPORT: ViewportSize = {"width": 1280, "height": 720}  # a projector


@contextmanager
def jupyter_lab(*more: Path) -> Iterator[str]:
    """JupyterLab on a copy of the notebooks, since it saves what it shows, and of ``more`` files; its address."""
    with tempfile.TemporaryDirectory() as folder:
        for path in (*(ROOT / "notebooks").glob("*.ipynb"), *more):
            shutil.copy(path, folder)
        options = ["--expose-app-in-browser", "--IdentityProvider.token=", f"--ServerApp.root_dir={folder}"]
        with _server("jupyterlab", "--ServerApp.port", options, "/api") as address:
            yield address


@contextmanager
def voila(notebook: Path) -> Iterator[str]:
    """One notebook as a Voila app; its address."""
    with _server(
        "voila", "--Voila.port", [str(notebook), "--Voila.ip=127.0.0.1", "--template=offline"], "/voila/api"
    ) as address:
        yield address


@contextmanager
def _server(module: str, port_option: str, options: list[str], probe: str) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", module, "--no-browser", f"{port_option}={port}", *options]
    if os.geteuid() == 0 and module == "jupyterlab":
        command.append("--allow-root")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": path, "JUPYTER_CONFIG_PATH": str(CONFIG), "JUPYTER_PATH": str(CONFIG / "share")}
    log = subprocess.DEVNULL if not os.environ.get("OPOM_EDU_SERVER_LOG") else None
    server = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=ROOT)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address + probe, server)
        yield address
    finally:
        server.terminate()  # its kernels go with it
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def file_server(folder: Path) -> Iterator[str]:
    """A plain server of a folder's files; its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def _wait_for(address: str, server: subprocess.Popen[bytes], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if server.poll() is not None:
            raise RuntimeError(f"the server ended with {server.returncode}; OPOM_EDU_SERVER_LOG=1 shows why")
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except urllib.error.HTTPError:
            return  # it answers
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"no answer from {address} within {seconds:g} s")


def open_chapter(page: Page, address: str, name: str, *, run: bool = True) -> None:
    """Open a notebook in JupyterLab, in single-document mode, and run all its cells."""
    page.goto(f"{address}/doc/tree/{name}?reset")
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    page.wait_for_function("window.jupyterapp !== undefined")
    if run:
        run_all(page)


def run_all(page: Page) -> None:
    """Run all cells; returns at once."""
    page.wait_for_function("window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'")
    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }")


def idle(page: Page, seconds: float = 120.0) -> None:
    """Wait until every code cell has run."""
    page.wait_for_function(
        """() => [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].every(p => /\\d/.test(p.innerText))""",
        timeout=1000 * seconds,
    )
