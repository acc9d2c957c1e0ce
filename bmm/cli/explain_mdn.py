"""``bmm explain-mdn``: what a mixture density network rests on, and where it leads."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

__all__ = ["explain_mdn"]


def explain_mdn(
    model: Annotated[
        Path | None, typer.Argument(help="File of a trained model; by default the shipped one.")
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder of the table and the figures.")
    ] = Path("mdn"),
    measured: Annotated[str, typer.Option(help="Evaluation whose nuclei are explained.")] = (
        "AME2020"
    ),
    every: Annotated[int, typer.Option(min=1, help="Explain only every n-th nucleus.")] = 1,
    reference: Annotated[str, typer.Option(help="Shipped table to compare with.")] = "FRDM2012",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No tables.")] = False,
) -> None:
    """Rank features by Shapley values; draw isotopic chains.

    Writes shapley.csv (each nucleus, MeV), features.csv (the ranking), and the figures features
    and extrapolation: neodymium and indium beside another table, and the Garvey-Kelson relations
    iterated alone.
    """
    from bmm.data import load_measured, load_theory, models_folder
    from bmm.figures.files import write_figure
    from bmm.figures.network import extrapolation_figure, shapley_figure
    from bmm.theory.mdn.model_file import read_ensemble
    from bmm.theory.mdn.shapley import rank_features, shapley_values
    from bmm.writing import write_whole

    ensemble = read_ensemble(model or models_folder() / "MDN.npz")
    masses = load_measured(measured)
    Z, N = (masses.index.get_level_values(name) for name in ("Z", "N"))
    masses = masses[(ensemble.Z.min() <= Z) & (ensemble.N.min() <= N)]
    values = shapley_values(ensemble, masses.index[::every])
    ranking = rank_features(values)
    output.mkdir(parents=True, exist_ok=True)
    write_whole(output / "shapley.csv", lambda path: values.to_csv(path, float_format="%.4f"))
    write_whole(output / "features.csv", lambda path: ranking.to_csv(path, float_format="%.4f"))
    write_figure(output / "features", shapley_figure(ranking))
    chart = load_theory("DZ28").index.union(masses.index)
    others = {reference: load_theory(reference)["mass_excess"]}
    write_figure(output / "extrapolation", extrapolation_figure(ensemble, masses, others, chart))
    table = Table(title=f"Shapley values on {len(values)} nuclei of {measured}")
    for heading in ("feature", "mean size (MeV)", "sd (MeV)"):
        table.add_column(heading, justify="left" if heading == "feature" else "right")
    for name, row in ranking.iterrows():
        table.add_row(str(name), f"{row['mean_absolute']:.3f}", f"{row['sd']:.3f}")
    console = Console(quiet=quiet, highlight=False, soft_wrap=True)
    console.print(table)
    console.print(f"results: {output}", markup=False)
