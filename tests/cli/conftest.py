import contextlib
import io
import sys
from types import SimpleNamespace

import pytest

from bmm.cli import main
from bmm.report.contents import gather


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


REPORTED = """
description = "a few nuclei around tin, <b>for the tests</b>"
seed = 11
[data]
Z = [46, 52]
N = [60, 82]
[theory]
models = ["FRDM1995", "DZ33"]
[chart]
Z = [46, 52]
N = [58, 86]
[mixing.basis]
m_Z = 4
m_N = 5
[mixing.sampler]
chains = 2
draws = 60
tune = 150
"""


@pytest.fixture(scope="session")
def reported(call_bmm, tmp_path_factory):
    """A small run that has ended with its report: what was printed, and the folder."""
    place = tmp_path_factory.mktemp("report")
    (place / "tin.toml").write_text(REPORTED)
    done = call_bmm("run", place / "tin.toml", "-o", place / "tin")
    assert done.code == 3, done.err  # so few draws cannot have converged
    return done, place / "tin"


@pytest.fixture(scope="session")
def contents(reported):
    """What its report shows."""
    return gather(reported[1])
