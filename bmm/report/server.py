"""The explorer, served on this machine only, with draws made on demand."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path

from bokeh.application import Application
from bokeh.application.handlers import FunctionHandler
from bokeh.core.templates import FILE
from bokeh.document import Document
from bokeh.server.server import Server

from bmm.errors import RunError
from bmm.report.contents import gather
from bmm.report.page import add_explorer, page_template
from bmm.report.workbench import Workbench
from bmm.workflows.separations import JointDraws

__all__ = ["explorer_server"]

_ADDRESS = "127.0.0.1"


def explorer_server(paths: Sequence[Path], port: int) -> Server:
    """Make a server of runs, ready to be started.

    Parameters
    ----------
    paths : sequence of Path
        Folders of complete runs.
    port : int
        Where to listen; 0 for any that is free.

    Returns
    -------
    Server
        Listening on 127.0.0.1, where nobody but this machine reaches it.

    Raises
    ------
    RunError
        If a folder holds no complete run, or the port is taken.
    """
    _check_free(port)
    application = Application(FunctionHandler(_page_of(paths)))
    hosts = [f"{host}:{port}" for host in (_ADDRESS, "localhost")] if port else None
    asyncio.set_event_loop(asyncio.new_event_loop())
    return Server({"/": application}, address=_ADDRESS, port=port, allow_websocket_origin=hosts)


def _check_free(port: int) -> None:
    """Try the port: bokeh would leave the socket open with which it finds one taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_ADDRESS, port))
        except OSError as error:
            raise RunError(f"port {port} cannot be listened to ({error.strerror})") from error


def _page_of(paths: Sequence[Path]) -> Callable[[Document], None]:
    """Read the runs once, and fill a document for every session."""
    runs = [gather(path) for path in paths]
    names = [run.config.name for run in runs]
    # Two runs of one configuration are told apart by their folders.
    if len(set(names)) < len(names):
        names = [str(path) for path in paths]
    draws = {name: JointDraws.of(path) for name, path in zip(names, paths, strict=True)}
    for each in draws.values():
        each.learnt()  # now, for it may take a minute, and once

    def fill(document: Document) -> None:
        document.title = "bmm explore"
        for number, contents in enumerate(runs):
            add_explorer(document, contents, number)
        bench = Workbench(document, draws)
        for name, part in bench.parts.items():
            part.name = name
            document.add_root(part)
        document.template = page_template("explore.html")
        document.template_variables.update(
            base=FILE,
            names=names,
            style=files("bmm.report").joinpath("page.css").read_text(encoding="utf-8"),
        )

    return fill
