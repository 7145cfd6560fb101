"""Serves a model over HTTP until Ctrl-C, and says where."""

import socket
from pathlib import Path

from flows.cli.output import out, say
from flows.cli.pages.listen import address_of, is_local, open_port, serve_until_stopped
from foodcls.errors import command_line
from foodcls.export.exported_files import FORMATS, find_format, sibling
from foodcls.export.load import load_model
from foodcls.serve.app import make_app
from foodcls.serve.service import ServiceLimits
from foodcls.work.memory import keep_freed_memory

OPEN = "Whoever reaches this machine may ask: let a proxy with TLS and passwords stand before it."


def serve_model(path: Path, digest: str, host: str, port: int, limits: ServiceLimits) -> None:
    """Answer for pictures by the exported file at `path`; returns when it is told to stop.

    `digest` is its SHA-256, where one is known.
    """
    keep_freed_memory()
    opened = open_port(host, port)
    try:
        app = make_app(load_model(path, digest), path.stem, limits)
        serve_until_stopped(app, opened, limits.seconds, lambda: _tell(path, host, opened))
    finally:
        opened.close()


def _tell(path: Path, host: str, opened: socket.socket) -> None:
    # not wrapped: an address has to survive being copied
    out.print("[bold]serve[/]", end=" ")
    say(f"http://{address_of(host, opened)}/")
    out.print(
        f"{path.name} answers. Ctrl-C ends, when what was taken is answered.",
        markup=False, highlight=False,
    )  # fmt: skip
    quicker = sibling(path, FORMATS["onnx"].ending)
    if find_format(path) == "torchscript" and quicker.is_file():
        same = "answers the same within 1e-4, in less time where the network is small"
        say(f"{command_line('foodcls', 'serve', quicker)} {same}")
    if not is_local(host):
        out.print(OPEN, style="yellow", soft_wrap=True)
