"""Settings of the Jupyter server, on Binder and for `make lab`."""

from typing import Any

from jupyter_server.services.kernels.websocket import KernelWebsocketHandler

_open = KernelWebsocketHandler.open


async def _open_without_delay(self: Any, *arguments: Any, **options: Any) -> None:
    """Send small messages at once: a slider's answers otherwise wait up to 40 ms to be sent together."""
    await _open(self, *arguments, **options)
    self.set_nodelay(True)


KernelWebsocketHandler.open = _open_without_delay
# Jupyter, which reads this file, defines get_config.
get_config().VoilaConfiguration.template = "offline"  # noqa: F821
