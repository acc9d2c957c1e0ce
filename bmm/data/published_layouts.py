"""Layouts of published mass tables, by name.

A card names one (``layout = "ripl"``), alone or with keys that change it (``[layout]`` with
``name = "bmex"`` and ``group = "UNEDF1"``).  To add one: write a `PublishedLayout` here and a line
in `LAYOUTS`; a package adds its own by an entry point of the group ``bmm.layouts``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, PlainValidator, ValidationInfo, model_validator

from bmm.configuration import Configuration, checked
from bmm.data.layout import TableLayout
from bmm.data.table_files import table_files
from bmm.data.text_table import parse_number, read_text
from bmm.errors import ConfigError, DataError
from bmm.registry import Registry, suggestion

__all__ = [
    "LAYOUTS",
    "AnyLayout",
    "NamedLayout",
    "PublishedLayout",
    "as_layout",
    "first_row",
    "resolve",
]

_MASS: dict[str, Any] = {"quantity": "mass_excess", "unit": "MeV"}


@dataclass(frozen=True)
class PublishedLayout:
    """A layout that many files have.

    Parameters
    ----------
    title : str
        What the files are, in a few words.
    source : str
        Where the layout is described, or from which files it is known.
    head : str
        Regular expression that is found in the first lines of such a file, or in the name of a
        file if `by_name`.
    layout : TableLayout or callable
        The layout, or a function of the file, which states or shows part of it.
    by_name : bool, default False
        Whether files are known by their names.
    """

    title: str
    source: str
    head: str
    layout: TableLayout | Callable[[Path], TableLayout]
    by_name: bool = False

    def of(self, path: Path) -> TableLayout:
        """Return the layout of one file, or of a folder of files.

        Raises
        ------
        DataError
            If the file shows that it has another.
        """
        return self.layout if isinstance(self.layout, TableLayout) else self.layout(path)


def first_row(path: Path, fewest: int) -> tuple[int, list[str]]:
    r"""Find the first line of a text file that holds numbers only, a table's first row.

    Parameters
    ----------
    path : Path
        The file.
    fewest : int
        Cells that a row has at least.

    Returns
    -------
    int
        Number of lines before it.
    list of str
        Its cells.

    Raises
    ------
    DataError
        If there is no such line.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from bmm.data.published_layouts import first_row
    >>> path = Path(tempfile.mkdtemp()) / "a.txt"
    >>> _ = path.write_text("Z N mass\n50 82 -76.5\n")
    >>> first_row(path, 3)
    (1, ['50', '82', '-76.5'])
    """
    for number, line in enumerate(re.split(r"\r\n|\r|\n", read_text(path))):
        cells = line.split()
        if len(cells) >= fewest and all(parse_number(cell) is not None for cell in cells[:fewest]):
            return number, cells
    raise DataError(f"{path}: no row of {fewest} numbers found; expected a mass table.")


def _bruslib(path: Path) -> TableLayout:
    skip, _ = first_row(path, 10)
    return TableLayout(
        format="whitespace", skip=skip, Z=1, A=2, value=10, missing=("999.99",), **_MASS
    )


def _ws4(path: Path) -> TableLayout:
    skip, cells = first_row(path, 4)
    places = {4: 3, 11: 11}
    if len(cells) not in places:
        raise DataError(
            f"{path}, line {skip + 1}: {len(cells)} cells; expected 4 (A, Z, WS4, WS4+RBF) or 11."
        )
    value = places[len(cells)]
    return TableLayout(format="whitespace", skip=skip, Z=2, A=1, value=value, **_MASS)


def _ame(path: Path) -> TableLayout:
    """Take widths from the file, which states its own Fortran format."""
    lines = read_text(path).splitlines()
    heading = next((k for k, line in enumerate(lines) if line.startswith("1N-Z")), None)
    stated = (re.match(r"\s*format\s*:\s*(\S.*)", line) for line in lines[: heading or 0])
    form = next((found[1] for found in stated if found), None)
    if heading is None or form is None:
        raise DataError(
            f"{path}: no line 'format :' above the heading '1N-Z'; expected a mass file of AME."
        )
    keys: dict[str, Any] = {
        "format": "fixed", "fortran": form.strip(), "skip": heading + 2, "comment": "",
        "Z": 4, "A": 5, "value": 8, "missing": ("*", ""), "estimated": "skip",
        "quantity": "mass_excess", "unit": "keV",
    }  # fmt: skip
    return checked(TableLayout, keys, path, error=DataError)


def _bmex(path: Path) -> TableLayout:
    is_text = table_files(path)[0].suffix.casefold() not in (".h5", ".hdf5", ".hdf")
    return TableLayout(
        format="csv" if is_text else "hdf5", Z="Z", N="N", value="BE",
        quantity="binding_energy", unit="MeV", convention="nuclear",
    )  # fmt: skip


RIPL = PublishedLayout(
    "mass files of RIPL (IAEA): mass-frdm95.dat, mass-hfb27.dat, mass-ws4.dat",
    "riplpy 0.6, masses/*.py: (2i4,1x,a2,1x,i1,3f10.3,...); no Mth where there is none",
    r"^#\s*Z\s+A\s+s\s+fl\s+Mexp",
    TableLayout(format="fixed", fortran="(2i4,1x,a2,1x,i1,3f10.3)", Z=1, A=2, value=7, **_MASS),
)
TALYS = PublishedLayout(
    "mass folders of TALYS, one file for each element: Sn.mass",
    "TALYS, source/masses.f90: (4x,i4,2f12.6), of which the first 4 hold Z",
    r"\.mass$",
    TableLayout(
        format="fixed", fortran="(2i4,2f12.6)", files="*.mass", comment="", Z=1, A=2, value=4,
        **_MASS,
    ),
    by_name=True,
)  # fmt: skip
BRUSLIB = PublishedLayout(
    "HFB and BSkG tables of BRUSLIB: hfb24-dat, bskg3-dat",
    "header of the files: Z A bet2 bet4 Rch ... Sn Sp Qbet Mcal Mexp-Mcal; 999.99 is no value",
    r"\bZ\s+A\s.*\bSn\s+Sp\s+Qbet\s+Mcal\b",
    _bruslib,
)
FRDM2012 = PublishedLayout(
    "FRDM(2012) as published: FRDM2012.dat",
    "doi:10.1016/j.adt.2015.10.002; kmiernik/NuclearMasses (MIT): Z to 5, A to 15, Mth to 135",
    r"\A[ \d]{4}\d[ \d]{4}\d[ \d]{4}\d(?: *-?\d*\.\d+){8}[ \d.-]+$",
    TableLayout(format="fixed", fortran="(3i5,12f10.3)", Z=1, N=2, value=15, **_MASS),
)
WS4 = PublishedLayout(
    "WS4 as its authors publish it: WS4.txt, WS4_RBF.txt",
    "header of the files: A Z WS4 WS4+RBF, or eleven columns with the mass in the last",
    r"(?i)\bWS4\b|Weizs.{1,2}cker-Skyrme",
    _ws4,
)
BMEX = PublishedLayout(
    "tables of massexplorer (BMEX), CSV or HDF5 (then with the key group)",
    "columns Z, N, BE: nuclear binding energy; massexplorer/bmex-masses",
    r"(?m)^Z,N,(?:.*,)?BE(?:,.*(?:QDB2t|ChRad|CPn|PEn).*)?$|^(?=.*\bQDB2t\b)(?=.*\bBE\b).*$",
    _bmex,
)
AME = PublishedLayout(
    "mass files of the Atomic Mass Evaluation: mass_1.mas20, mass.mas03",
    "the Fortran format that each file states; numbers marked by # are left out",
    r"A T O M I C   M A S S   A D J U S T M E N T",
    _ame,
)
MASSTABLE = PublishedLayout(
    "files of masstable: HFB14.txt",
    "masstable 0.4: Z, N and M, the mass excess",
    r"\A\s*Z\s+N\s+M\s*$",
    TableLayout(format="whitespace", Z="Z", N="N", value="M", **_MASS),
)
BMM = PublishedLayout(
    "CSV of bmm export",
    "bmm export --to csv",
    r"(?m)^Z,N,A,symbol,mass_excess_MeV,",
    TableLayout(N="N", value="mass_excess_MeV", **_MASS),
)
PYNUCASTRO = PublishedLayout(
    "mass tables of pynucastro: mass_excess2020.txt",
    "pynucastro 3.1, nucdata/mass_table.py: 5 lines of header, then A, Z and the mass excess",
    r"^==A==\s+==Z==\s+=+dm=+",
    TableLayout(format="whitespace", skip=5, comment="", Z=2, A=1, value=3, **_MASS),
)

LAYOUTS: Registry[PublishedLayout] = Registry(
    "published layout",
    "bmm.layouts",
    {
        name: f"{__name__}:{name.upper()}"
        for name in (
            "ame", "bmex", "bmm", "bruslib", "frdm2012", "masstable", "pynucastro", "ripl", "talys",
            "ws4",
        )
    },
)  # fmt: skip
"""Published layouts, each a `PublishedLayout`."""


class NamedLayout(Configuration):
    """A published layout, and what is different in a file.

    Parameters
    ----------
    name : str
        Of the layout; see `LAYOUTS`.
    changes : dict, optional
        Keys of `bmm.data.layout.TableLayout`.  In a card, they stand beside the name.
    """

    name: str
    changes: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _gather_changes(cls, data: Any) -> Any:
        if not isinstance(data, dict) or "changes" in data:
            return data
        changes = {key: value for key, value in data.items() if key != "name"}
        for key in changes:
            if key not in TableLayout.model_fields:
                raise ValueError(
                    f"unknown key {key!r}{suggestion(str(key), TableLayout.model_fields)}: "
                    f"expected one of name, {', '.join(TableLayout.model_fields)}"
                )
        return {"name": data.get("name"), "changes": changes}

    @model_validator(mode="after")
    def _is_known(self) -> NamedLayout:
        LAYOUTS.known(self.name)
        return self


def as_layout(value: Any, info: ValidationInfo | None = None) -> TableLayout | NamedLayout:
    """Read the layout of a card: a name, a name with changes, or a whole layout."""
    if isinstance(value, BaseModel):
        return value if isinstance(value, NamedLayout) else TableLayout.model_validate(value)
    if isinstance(value, str):
        return NamedLayout(name=value)
    if isinstance(value, dict) and "name" in value:
        return NamedLayout.model_validate(value)
    return TableLayout.model_validate(value)


type AnyLayout = Annotated[TableLayout | NamedLayout, PlainValidator(as_layout)]
"""A layout as a card has it; see `as_layout`."""


def resolve(path: Path, layout: TableLayout | NamedLayout | str) -> TableLayout:
    """Find how a file is laid out.

    Parameters
    ----------
    path : Path
        File, or folder of files.
    layout : TableLayout, NamedLayout or str
        A layout, or a published one by name.

    Raises
    ------
    ConfigError
        If no layout has that name, or a change of it is impossible.
    DataError
        If the file shows that it has another layout.
    """
    if isinstance(layout, TableLayout):
        return layout
    named = NamedLayout(name=layout) if isinstance(layout, str) else layout
    found = LAYOUTS[named.name].of(path)
    if not named.changes:
        return found
    kept = found.model_dump(exclude_unset=True)
    if "convention" not in named.changes and "quantity" in named.changes:
        kept.pop("convention", None)
    return checked(TableLayout, kept | named.changes, f"layout {named.name!r}", error=ConfigError)
