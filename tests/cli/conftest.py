import contextlib
import io
import sys
from types import SimpleNamespace

import pytest

from bmm.cli import main


@pytest.fixture
def bmm(call_bmm):
    """Call the command line in this process; gives its exit code and what it printed."""
    return call_bmm


@pytest.fixture(scope="session")
def call_bmm():
    """Do as `bmm`, for fixtures that outlive a test."""

    def call(*arguments):
        out, err, code = io.StringIO(), io.StringIO(), 0
        with (
            pytest.MonkeyPatch.context() as patch,
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            patch.setenv("COLUMNS", "200")
            patch.setattr(sys, "argv", ["bmm", *map(str, arguments)])
            try:
                main()
            except SystemExit as stop:
                code = stop.code or 0
        return SimpleNamespace(code=code, out=out.getvalue(), err=err.getvalue())

    return call
