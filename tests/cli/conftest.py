import sys
from types import SimpleNamespace

import pytest

from bmm.cli import main


@pytest.fixture
def bmm(monkeypatch, capsys):
    """Call the command line in this process; gives its exit code and what it printed."""
    monkeypatch.setenv("COLUMNS", "200")

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["bmm", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code or 0
        out, err = capsys.readouterr()
        return SimpleNamespace(code=code, out=out, err=err)

    return call
