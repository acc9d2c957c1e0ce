"""How a user's table is laid out: what separates its cells, and what its columns hold."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StrictInt, StrictStr, model_validator

from bmm.configuration import Configuration
from bmm.conversions import Convention, Quantity, Unit
from bmm.data.fortran_format import column_spans
from bmm.errors import ConfigError

__all__ = ["Column", "RowLayout", "TableLayout", "TextLayout"]

type Column = StrictStr | StrictInt
type _Width = Annotated[StrictInt, Field(ge=1, le=1000)]


class TextLayout(Configuration):
    """How to divide a file into cells.

    Parameters
    ----------
    format : {"csv", "whitespace", "fixed", "hdf5"}, default "csv"
        What separates the cells; "fixed" is for columns of fixed width, whose cells may touch or
        be blank, and "hdf5" for frames that pandas wrote into an HDF5 file.
    group : str, optional
        Of HDF5: the frame; it may be left out where the file has only one.
    files : str, default "*"
        Where the table is a folder: its files, by pattern, such as ``*.mass``.
    separator : str, optional
        Of CSV: a comma, a semicolon or a tab; by default the one that divides the first line most.
    decimal : {".", ","}, default "."
        Decimal sign.
    widths : list of int, optional
        Characters of each column of a fixed-width table, those between columns included.
    fortran : str, optional
        Instead of `widths`: the Fortran format that the table was written with, such as
        "(2i4,1x,a2,3f10.3)".
    skip : int, default 0
        Number of lines before the header, or before the first row where there is no header.
    comment : str, default "#"
        Lines that begin with it are left out, as are empty lines.
    """

    format: Literal["csv", "whitespace", "fixed", "hdf5"] = "csv"
    group: str = ""
    files: str = Field(default="*", pattern=r"^[^/]+$")
    separator: Literal[",", ";", "\t"] | None = None
    decimal: Literal[".", ","] = "."
    widths: tuple[_Width, ...] = ()
    fortran: str = ""
    skip: Annotated[StrictInt, Field(ge=0)] = 0
    comment: str = "#"

    @model_validator(mode="after")
    def _separates_cells_in_one_way(self) -> Self:
        given = [bool(self.widths), bool(self.fortran)]
        if sum(given) != (1 if self.format == "fixed" else 0):
            raise ValueError(
                "format 'fixed', and no other, needs 'widths', such as [4, 4, 10], or 'fortran', "
                "such as '(2i4,f10.3)'"
            )
        if self.separator is not None and self.format != "csv":
            raise ValueError("'separator' is for format 'csv'")
        if self.group and self.format != "hdf5":
            raise ValueError("'group' is for format 'hdf5'")
        if self.decimal == self.separator == ",":
            raise ValueError("'separator' and 'decimal' are both a comma")
        try:
            _ = self.spans
        except ConfigError as error:
            raise ValueError(f"'fortran': {error}") from error
        return self

    @property
    def spans(self) -> list[tuple[int, int]]:
        """First and last-plus-one character of each column of fixed width; empty for others."""
        if self.fortran:
            return column_spans(self.fortran)
        ends = [sum(self.widths[: k + 1]) for k in range(len(self.widths))]
        return [(end - width, end) for end, width in zip(ends, self.widths, strict=True)]


class RowLayout(TextLayout):
    """How to read a table with one nucleus in each row.

    A column is named as in the header line, or counted from 1 where the file has no header.  The
    header is the first line, or the last comment before the rows.

    Parameters
    ----------
    Z, N, A : str or int
        Columns of the proton number, or element symbol, and of the neutron or the mass number
        (give one of the two).
    nuclide : str or int, optional
        Instead of these three: column of names such as "sn132" or "132Sn", or of 1000 Z + A.
    Z_from_file_name : bool, default False
        Take Z from the name of the file, such as ``Sn.mass`` or ``z050.dat``, not from a column.
    missing : list of str
        Cells that mean "no value", such as "999.99"; where the mass is missing, the row is left
        out.
    estimated : {"refuse", "skip", "keep"}, default "refuse"
        What to do with numbers marked by "#", as AME marks those that are not measured.
    isomers : {"refuse", "skip"}, default "refuse"
        What to do with names of isomers in the column `nuclide`, such as "132Snm" or "99mTc".
    skip_rows_with : table of str to list of str
        Rows to leave out: by column, the texts of its cells, in which ``*`` stands for anything,
        such as ``state = ["m*", "n"]``.

    The other keys are those of `TextLayout`.
    """

    Z: Column = "Z"
    N: Column | None = None
    A: Column | None = None
    nuclide: Column | None = None
    Z_from_file_name: bool = False
    missing: tuple[str, ...] = ("", "nan", "NaN", "*", "-")
    estimated: Literal["refuse", "skip", "keep"] = "refuse"
    isomers: Literal["refuse", "skip"] = "refuse"
    skip_rows_with: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _names_each_nucleus_once(self) -> Self:
        if self.nuclide is not None:
            if self.N is not None or self.A is not None or "Z" in self.model_fields_set:
                raise ValueError("give the column 'nuclide', or those of Z and of N or A, not both")
        elif (self.N is None) == (self.A is None):
            raise ValueError("give the column of N or the column of A, not both")
        if self.Z_from_file_name and (self.nuclide is not None or "Z" in self.model_fields_set):
            raise ValueError("'Z_from_file_name' stands in place of the column 'Z' or 'nuclide'")
        return self

    @model_validator(mode="after")
    def _counts_or_names_all_columns(self) -> Self:
        columns = [*self.nucleus_columns.values(), *self.number_columns]
        if len({type(column) for column in columns}) > 1:
            raise ValueError("give all columns by name or all by number")
        others = [] if self.named else [*self.skip_rows_with]
        if any(not (key.isascii() and key.isdigit() and len(key) < 5) for key in others):
            raise ValueError("'skip_rows_with': expected columns by number, as the others are")
        if any(isinstance(column, int) and column < 1 for column in (*columns, *map(int, others))):
            raise ValueError("columns are counted from 1")
        if self.format == "hdf5" and not self.named:
            raise ValueError("columns of format 'hdf5' are named, not counted")
        return self

    @property
    def nucleus_columns(self) -> dict[str, Column]:
        """Columns that name the nucleus: "nuclide"; or "Z", if there is one, and "N" or "A"."""
        if self.nuclide is not None:
            return {"nuclide": self.nuclide}
        second = {"N": self.N} if self.A is None else {"A": self.A}
        columns = second if self.Z_from_file_name else {"Z": self.Z} | second
        return {role: column for role, column in columns.items() if column is not None}

    @property
    def number_columns(self) -> tuple[Column, ...]:
        """Columns of the numbers to read, the mass first; none in a list of nuclei."""
        return ()

    @property
    def named(self) -> bool:
        """Whether columns are named, and not counted."""
        return isinstance(next(iter(self.nucleus_columns.values())), str)


class TableLayout(RowLayout):
    """How to read a mass table from a text file.

    Parameters
    ----------
    value : str or int
        Column of the mass.
    quantity : str
        What that column holds: "mass_excess", "binding_energy", "binding_energy_per_nucleon",
        "atomic_mass" or "nuclear_mass" (of the bare nucleus).
    unit : {"MeV", "keV", "u", "micro-u"}
        Of the column.
    convention : {"atomic", "nuclear"}, optional
        Whether the electrons' binding energy is in the value; see `bmm.conversions`.  Necessary for
        binding energies; mass excesses are atomic by default.
    sign : {1, -1}, default 1
        -1 for binding energies that are printed negative.
    sd : str or int, optional
        Column of the model's own standard deviation of the mass, in the same quantity and unit.

    The other keys are those of `RowLayout`.
    """

    value: Column
    quantity: Quantity
    unit: Unit
    convention: Convention | None = None
    sign: Literal[1, -1] = 1
    sd: Column | None = None

    @model_validator(mode="after")
    def _states_its_convention(self) -> Self:
        if self.quantity.startswith("binding_energy") and self.convention is None:
            raise ValueError(
                "'convention' is missing: expected 'atomic' for binding energies as AME prints "
                "them, or 'nuclear' for those of bare nuclei, as mean-field codes return them"
            )
        if self.quantity.endswith("_mass") and self.convention not in (
            None,
            self.quantity.removesuffix("_mass"),
        ):
            raise ValueError(f"{self.quantity!r} cannot have the convention {self.convention!r}")
        return self

    @property
    def number_columns(self) -> tuple[Column, ...]:
        """Columns of the mass, and of its standard deviation if there is one."""
        return (self.value,) if self.sd is None else (self.value, self.sd)
