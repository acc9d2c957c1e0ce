"""The notebooks run from top to bottom, and are committed without outputs."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest

from bmm.errors import RunError

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
LARGEST = 2_000_000  # bytes of a notebook with its outputs


@pytest.fixture(scope="module")
def site():
    """The hook of the documentation site."""
    spec = importlib.util.spec_from_file_location("executed", ROOT / "docs" / "executed.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def written(tmp_path):
    """Write a notebook of cells of code."""

    def write(*cells):
        made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(each) for each in cells])
        path = tmp_path / "small.ipynb"
        nbformat.write(made, path)
        return path

    return write


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_carries_no_outputs(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    assert not [cell for cell in cells if cell.get("outputs") or cell.get("execution_count")]


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs_from_top_to_bottom(site, path):
    copy = site.executed(path)
    assert copy.stat().st_size < LARGEST
    cells = nbformat.read(copy, as_version=4).cells
    code = [cell for cell in cells if cell.cell_type == "code"]
    assert [cell.source for cell in cells] == [
        cell.source for cell in nbformat.read(path, as_version=4).cells
    ]
    assert [cell.execution_count for cell in code] == [*range(1, len(code) + 1)]
    text = "".join(each.get("text", "") for cell in code for each in cell.outputs)
    assert "\r" not in text  # no bar
    assert "\x1b" not in text


@pytest.mark.slow
def test_a_notebook_is_executed_once(site, written, tmp_path):
    path = written("from pathlib import Path\nPath('here').touch()", "1 + 1")
    copy = site.executed(path, tmp_path / "kept")
    assert nbformat.read(copy, as_version=4).cells[1].outputs[0].data["text/plain"] == "2"
    assert not Path("here").exists()
    first = copy.stat().st_mtime_ns
    assert site.executed(path, tmp_path / "kept").stat().st_mtime_ns == first
    again = site.executed(written("1 + 2"), tmp_path / "kept")
    assert again == copy
    assert nbformat.read(copy, as_version=4).cells[0].outputs[0].data["text/plain"] == "3"


@pytest.mark.slow
def test_a_failing_notebook_is_named_with_its_cell(site, written, tmp_path):
    path = written("1", "import sys\nprint('noise', file=sys.stderr)\nraise ValueError('no mass')")
    with pytest.raises(RunError, match=r"small.ipynb: cell 2 ended with ValueError: no mass"):
        site.executed(path, tmp_path / "kept")
    assert not (tmp_path / "kept").exists()


def test_other_code_or_cells_are_executed_anew(site, written, monkeypatch):
    def key(*cells):
        return site._fingerprint(nbformat.read(written(*cells), as_version=4))

    before = key("import bmm", "x = 1")
    assert key("import bmm", "x = 1") == before
    assert key("import bmm", "x = 2") != before
    monkeypatch.setattr(site, "code_fingerprint", lambda *modules: "other code")
    assert key("import bmm", "x = 1") != before


def test_notebooks_are_left_as_they_are_on_request(site, monkeypatch):
    files = [SimpleNamespace(src_uri="notebooks/a.ipynb", abs_src_path="a.ipynb")]
    monkeypatch.setattr(site, "executed", lambda path: Path("copy") / path)
    monkeypatch.setenv("BMM_NOTEBOOKS", "plain")
    assert site.on_files(files)[0].abs_src_path == "a.ipynb"
    monkeypatch.delenv("BMM_NOTEBOOKS")
    assert site.on_files(files)[0].abs_src_path == "copy/a.ipynb"


def test_the_site_is_not_built_with_a_failing_notebook(site, monkeypatch):
    class PluginError(Exception):
        pass

    def fail(path):
        raise RunError(f"{path}: cell 2 ended with ValueError: no mass")

    # Packages of the site need not be installed where tests run.
    monkeypatch.setitem(sys.modules, "mkdocs", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "mkdocs.exceptions", SimpleNamespace(PluginError=PluginError))
    monkeypatch.setattr(site, "executed", fail)
    monkeypatch.delenv("BMM_NOTEBOOKS", raising=False)
    files = [SimpleNamespace(src_uri="notebooks/a.ipynb", abs_src_path="a.ipynb")]
    with pytest.raises(PluginError, match=r"a.ipynb: cell 2 ended with ValueError"):
        site.on_files(files)
