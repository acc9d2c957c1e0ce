"""Notebooks with their outputs, on the documentation site.

A notebook is executed once, in an empty folder, and its copy with outputs is kept under
``build/notebooks``.  It is used again as long as its cells, the code of bmm, its data and the
versions of what it depends on are the same.  The slow tests execute all; the site takes what they
left, or executes what is missing.  With the environment variable ``BMM_NOTEBOOKS=plain`` the site
shows them as they are, without outputs.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import nbclient
import nbformat

from bmm.data import data_folder, models_folder
from bmm.errors import RunError
from bmm.fingerprints import code_fingerprint, file_fingerprint, fingerprint
from bmm.writing import write_whole

FOLDER = Path(__file__).parents[1] / "build" / "notebooks"
_KEY = "fingerprint"
_LONGEST = 3600  # seconds of a cell


def executed(path: Path, folder: Path = FOLDER) -> Path:
    """Execute a notebook, unless that was done before.

    Parameters
    ----------
    path : Path
        The notebook.
    folder : Path
        Where the copy with outputs is kept, under the same name.

    Returns
    -------
    Path
        The copy.

    Raises
    ------
    RunError
        If a cell raises an error.
    """
    notebook = nbformat.read(path, as_version=4)
    key, copy = _fingerprint(notebook), folder / path.name
    if copy.is_file() and nbformat.read(copy, as_version=4).metadata.get(_KEY) == key:
        return copy
    with tempfile.TemporaryDirectory() as place:
        client = nbclient.NotebookClient(
            notebook,
            timeout=_LONGEST,
            kernel_name="python3",
            record_timing=False,
            resources={"metadata": {"path": place}},
        )
        try:
            client.execute()
        except nbclient.exceptions.CellExecutionError as error:
            number = _failed(notebook)
            raise RunError(
                f"{path}: cell {number} ended with {error.ename}: {error.evalue.splitlines()[0]}"
            ) from error
    _tidy(notebook)
    notebook.metadata[_KEY] = key
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(copy, lambda temporary: nbformat.write(notebook, temporary))
    return copy


def on_files(files: Any, **_: Any) -> Any:
    """Hand executed copies to mkdocs-jupyter; called by mkdocs."""
    if os.environ.get("BMM_NOTEBOOKS") == "plain":
        return files
    for file in files:
        if file.src_uri.endswith(".ipynb"):
            try:
                file.abs_src_path = str(executed(Path(file.abs_src_path)))
            except RunError as error:
                from mkdocs.exceptions import PluginError

                raise PluginError(str(error)) from error
    return files


def _fingerprint(notebook: Any) -> str:
    cells = [[cell.cell_type, cell.source] for cell in notebook.cells]
    modules = re.findall(
        r"^(?:from|import) (bmm[\w.]*)", "\n".join(each for _, each in cells), re.M
    )
    return fingerprint([cells, code_fingerprint("bmm", *sorted(set(modules))), *_surroundings()])


@cache
def _surroundings() -> tuple[dict[str, str], dict[str, str | None]]:
    """Checksums of all data and cards, and versions of the packages that bmm depends on."""
    files = {
        str(path.relative_to(folder)): file_fingerprint(path)
        for folder in (data_folder(), models_folder())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    return files, dict(_versions())


def _versions() -> Iterator[tuple[str, str | None]]:
    for requirement in importlib.metadata.requires("nuclear-bmm") or ():
        name = re.split(r"[^\w.-]", requirement)[0]
        try:
            yield name, importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            yield name, None


def _failed(notebook: Any) -> int:
    """Find the number of the cell that raised an error, from one."""
    for number, cell in enumerate(notebook.cells, start=1):
        if any(each.output_type == "error" for each in cell.get("outputs", ())):
            return number
    return len(notebook.cells)


def _tidy(notebook: Any) -> None:
    """Leave out what is no result: notes of libraries on the error stream."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [each for each in cell.outputs if each.get("name") != "stderr"]
