"""The labs in Debian's Firefox, over its own protocol (WebDriver BiDi): pytest-playwright wants a Firefox of its own."""

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from opom_edu.web.site import LABS

websocket = pytest.importorskip("websocket", reason="talking to Firefox needs websocket-client")
FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(FIREFOX is None, reason="there is no Firefox")]


class Firefox:
    """A window of a headless Firefox."""

    def __init__(self, port: int) -> None:
        self.socket, self.count, self.errors = self._connected(port), 0, list[str]()
        self.call("session.new", capabilities={})
        self.call("session.subscribe", events=["log.entryAdded"])
        self.window = self.call("browsingContext.getTree")["contexts"][0]["context"]

    def _connected(self, port: int) -> Any:
        for _ in range(120):
            try:
                return websocket.create_connection(f"ws://127.0.0.1:{port}/session", timeout=120, suppress_origin=True)
            except OSError:
                time.sleep(0.5)
        pytest.skip("this Firefox does not answer")

    def call(self, method: str, **given: object) -> Any:
        self.count += 1
        self.socket.send(json.dumps({"id": self.count, "method": method, "params": given}))
        while True:
            answer = json.loads(self.socket.recv())
            if answer.get("method") == "log.entryAdded" and answer["params"]["level"] == "error":
                self.errors.append(answer["params"]["text"])
            if answer.get("id") == self.count:
                assert answer["type"] == "success", answer
                return answer["result"]

    def open(self, address: str) -> None:
        self.call("browsingContext.navigate", context=self.window, url=address, wait="complete")

    def value(self, expression: str) -> Any:
        target = {"context": self.window}
        return self.call("script.evaluate", expression=expression, target=target, awaitPromise=True)["result"].get("value")

    def until(self, state: str) -> None:
        for _ in range(400):
            if self.value(f"document.querySelectorAll('[data-opom-state={state}]').length"):
                return
            time.sleep(0.25)
        raise AssertionError(f"not {state}: {self.value('document.body.innerText.slice(0, 500)')}")


@pytest.fixture(scope="module")
def firefox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    profile: Path = tmp_path_factory.mktemp("profile")
    options = ["--headless", "--no-remote", "--profile", str(profile), "--remote-debugging-port", str(port)]
    assert FIREFOX
    process = subprocess.Popen([FIREFOX, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield Firefox(port)
    finally:
        process.kill()
        process.wait()


def test_every_lab_opens_without_an_error(firefox: Firefox, site: str) -> None:
    for page in ("index", *(f"labs/{lab}" for lab in LABS)):
        firefox.open(f"{site}/{page}.html")
        firefox.until("ready")
    assert firefox.errors == []


def test_a_mask_is_learned(firefox: Firefox, site: str) -> None:
    firefox.open(f"{site}/labs/epsilon.html")
    firefox.until("ready")
    similarity = "Number(document.querySelector('.opom-score').dataset.similarity)"
    before = firefox.value(similarity)
    firefox.value("document.querySelector('.opom-learn').click()")
    firefox.until("done")
    assert before > 0.5
    assert firefox.value(similarity) < 0
    assert firefox.errors == []
