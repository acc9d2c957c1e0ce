"""One Parquet file, for pandas, polars or DuckDB."""

from __future__ import annotations

from pathlib import Path

from bmm.export.columns import refuse_template
from bmm.export.mass_table import ExportSettings, MassTable
from bmm.writing import write_whole

__all__ = ["write_parquet"]


def write_parquet(table: MassTable, folder: Path, settings: ExportSettings) -> list[str]:
    """Write ``masses.parquet``; the columns are those of `bmm.export.MassTable.frame`.

    The origin stands in the file's metadata, which pandas reads as ``attrs``.  See
    `bmm.export.formats.Writer` for what a writer takes, returns and raises.
    """
    refuse_template("parquet", settings)
    frame = table.frame()
    frame.attrs.update(table.origin.attributes())
    write_whole(folder / "masses.parquet", lambda path: frame.to_parquet(path, index=False))
    return []
