"""Binder installs what is locked and starts with the server's settings that `make lab` uses."""

import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BINDER = ROOT / "binder"


def test_binder_installs_the_locked_versions() -> None:
    lines = (BINDER / "requirements.txt").read_text().splitlines()
    assert "-c ../constraints.txt" in lines
    assert any(line.startswith("-e .[lab") for line in lines)
    python = (BINDER / "runtime.txt").read_text().strip().removeprefix("python-")
    assert tuple(map(int, python.split("."))) >= (3, 11)


@pytest.mark.parametrize("name", ["start", "postBuild"])
def test_scripts_can_be_run_and_are_valid(name: str) -> None:
    assert os.access(BINDER / name, os.X_OK)
    subprocess.run(["bash", "-n", str(BINDER / name)], check=True)


def test_start_hands_over_to_the_server_with_the_settings() -> None:
    environment = {"PATH": os.environ["PATH"], "REPO_DIR": str(ROOT)}
    told = subprocess.check_output([str(BINDER / "start"), "printenv", "JUPYTER_CONFIG_PATH"], env=environment, text=True)
    assert told.strip() == str(BINDER)


def test_settings_are_valid() -> None:
    pytest.importorskip("jupyter_server", reason="the server comes with the extra: pip install 'opom_edu[lab]'")
    from jupyter_server.services.kernels.websocket import KernelWebsocketHandler
    from traitlets.config import Config

    before = KernelWebsocketHandler.open
    try:
        settings = Config()
        exec((BINDER / "jupyter_server_config.py").read_text(), {"get_config": lambda: settings})
        assert (BINDER / "share/voila/templates" / settings.VoilaConfiguration.template / "conf.json").exists()
        assert KernelWebsocketHandler.open is not before
    finally:
        KernelWebsocketHandler.open = before  # type: ignore[method-assign]
    assert json.loads((BINDER / "overrides.json").read_text())
