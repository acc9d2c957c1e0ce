"""The explorer, served on this machine only, with draws made on demand."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bokeh.application import Application
from bokeh.application.handlers import FunctionHandler
from bokeh.core.templates import FILE
from bokeh.document import Document
from bokeh.server.server import BaseServer
from bokeh.server.tornado import BokehTornado
from tornado import netutil, web
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPServerRequest
from tornado.ioloop import IOLoop
from tornado.routing import AnyMatches, Matcher, Rule, RuleRouter

from bmm.errors import RunError
from bmm.report.contents import gather
from bmm.report.page import add_explorer, page_template
from bmm.report.workbench import Workbench
from bmm.workflows.run_forecast import RunTables

__all__ = ["ExplorerServer", "explorer_server"]

_ADDRESS = "127.0.0.1"
_SESSIONS = 20  # pages open at once
_HEADER, _BODY = 32_000, 100_000  # bytes of a request
_MESSAGE = 20_000_000  # bytes; a page sends the columns of its chart
_PATIENCE = 60.0  # seconds that a connection may be silent


class ExplorerServer(BaseServer):
    """A server of the explorer that listens on 127.0.0.1.

    Only requests that name this machine as their host, and that come from its own pages, are
    answered: neither a foreign page nor a foreign name for this address reaches the runs.

    Parameters
    ----------
    application : Application
        The pages.
    port : int
        Where to listen; 0 for any that is free.
    """

    def __init__(self, application: Application, port: int) -> None:
        loop = IOLoop.current()
        sockets = netutil.bind_sockets(port, _ADDRESS)
        own = sockets[0].getsockname()[1]
        hosts = frozenset(f"{host}:{own}" for host in (_ADDRESS, "localhost"))
        pages = BokehTornado(
            {"/": application},
            extra_websocket_origins=sorted(hosts),
            websocket_max_message_size_bytes=_MESSAGE,
        )
        router = RuleRouter(
            [
                Rule(_Foreign(hosts), _refusal(403)),
                Rule(_Crowded(pages), _refusal(503)),
                Rule(AnyMatches(), pages),
            ]
        )
        server = HTTPServer(
            router,
            max_header_size=_HEADER,
            max_body_size=_BODY,
            idle_connection_timeout=_PATIENCE,
            body_timeout=_PATIENCE,
        )
        server.add_sockets(sockets)
        super().__init__(loop, pages, server)


class _Foreign(Matcher):
    """Requests under another host's name, or from the page of another."""

    def __init__(self, hosts: frozenset[str]) -> None:
        self._hosts = hosts

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        origin = request.headers.get("Origin")
        own = request.host.lower() in self._hosts and (
            origin is None or urlsplit(origin).netloc.lower() in self._hosts
        )
        return None if own else {}


class _Crowded(Matcher):
    """Requests for one page more when many are open."""

    def __init__(self, pages: BokehTornado) -> None:
        self._pages = pages

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        is_page = request.path == "/" or "autoload" in request.path
        return {} if is_page and len(self._pages.get_sessions("/")) >= _SESSIONS else None


def _refusal(status: int) -> web.Application:
    return web.Application([(".*", web.ErrorHandler, {"status_code": status})])


def explorer_server(paths: Sequence[Path], port: int) -> ExplorerServer:
    """Make a server of runs, ready to be started.

    Parameters
    ----------
    paths : sequence of Path
        Folders of complete runs.
    port : int
        Where to listen; 0 for any that is free.

    Returns
    -------
    ExplorerServer
        Listening on 127.0.0.1, where nobody but this machine reaches it.

    Raises
    ------
    RunError
        If a folder holds no complete run, or the port is taken.
    """
    _check_free(port)
    application = Application(FunctionHandler(_page_of(paths)))
    asyncio.set_event_loop(asyncio.new_event_loop())
    return ExplorerServer(application, port)


def _check_free(port: int) -> None:
    """Try the port, before anything that takes long."""
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
    # Two runs of one configuration are distinguished by their folders.
    if len(set(names)) < len(names):
        names = [str(path) for path in paths]
    tables = {name: RunTables.of(path) for name, path in zip(names, paths, strict=True)}
    drawing = asyncio.Lock()

    def fill(document: Document) -> None:
        document.title = "bmm explore"
        for number, contents in enumerate(runs):
            add_explorer(document, contents, number)
        bench = Workbench(document, tables, drawing)
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
