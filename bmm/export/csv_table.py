"""One CSV file: a line of comment, then one row for each nucleus."""

from __future__ import annotations

from pathlib import Path

from bmm.export.columns import refuse_template
from bmm.export.mass_table import ExportSettings, MassTable
from bmm.writing import write_whole

__all__ = ["write_csv"]


def write_csv(table: MassTable, folder: Path, settings: ExportSettings) -> list[str]:
    """Write ``masses.csv``; the columns are those of `bmm.export.MassTable.frame`.

    See `bmm.export.formats.Writer` for what a writer takes, returns and raises.
    """
    refuse_template("csv", settings)
    rows = table.frame().to_csv(index=False, float_format="%.6f", lineterminator="\n")
    text = f"# {table.origin.sentence()}\n{rows}"
    write_whole(folder / "masses.csv", lambda path: path.write_text(text, encoding="utf-8"))
    return ["masses.csv begins with a line of comment: pandas.read_csv(..., comment='#')."]
