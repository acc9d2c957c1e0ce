"""Whether all seeds find the same posterior.

    uv run python benchmarks/modes.py benchmarks/problems/accurate.toml
    uv run python benchmarks/modes.py default --seeds 5 --draws 500
    uv run python benchmarks/modes.py benchmarks/problems/accurate.toml --gamma  # KTH prior

Each seed is a separate fit, with its own verdict.  The last line takes the chains of all
seeds together: an R-hat near 1 there says that they describe the same distribution, and not merely
that each agrees with itself.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import arviz as az
import numpy as np
import typer
import xarray as xr
from rich.console import Console

from bmm.mixing.convergence import compared_quantities
from bmm.mixing.fitted import convergence_of
from bmm.mixing.priors import hyperparameters
from bmm.mixing.settings import NAMED_PRIORS
from bmm.workflows.config import RunConfig, load_config
from bmm.workflows.inputs import select_measured
from bmm.workflows.pipeline import fit_configuration


def main(
    configuration: Annotated[str, typer.Argument(help="Shipped configuration, or TOML file.")],
    seeds: Annotated[int, typer.Option(help="Number of fits.")] = 20,
    first: Annotated[int, typer.Option(help="First seed.")] = 1,
    draws: Annotated[int | None, typer.Option(help="Draws per chain; else as configured.")] = None,
    tune: Annotated[int | None, typer.Option(help="Warm-up per chain; else as configured.")] = None,
    gamma: Annotated[bool, typer.Option(help="Take Gamma(10, 1) for sigma.")] = False,
    save: Annotated[Path | None, typer.Option(help="Keep the hyperparameters (netCDF).")] = None,
) -> None:
    """Fit with one seed after the other, and compare."""
    console = Console(width=140)
    config = configured(configuration, draws, tune, gamma=gamma)
    measured = select_measured(config)
    found: list[xr.Dataset] = []
    agreeing = 0
    for seed in range(first, first + seeds):
        tree = fit_configuration(config.model_copy(update={"seed": seed}), measured)
        verdict = convergence_of(tree).as_dict()
        agreeing += verdict["max_r_hat"] <= 1.01
        modes = tree["modes"].sizes["mode"] if "modes" in tree.children else 1
        found.append(compared_quantities(tree, list(hyperparameters(config.mixing))))
        console.print(
            f"seed {seed:3d}: R-hat {verdict['max_r_hat']:.4f}, "
            f"ESS {verdict['min_ess_bulk']:5.0f}, "
            f"modes {modes}, divergences {verdict['divergences']}, "
            f"sampling {tree.attrs['sample_seconds']:.0f} s, {middle(found[-1])}"
        )
        pooled = pool(found)
        if save is not None:
            pooled.to_netcdf(save, engine="netcdf4")
    worst = float(az.rhat(pooled).to_array().max())
    console.print(f"R-hat <= 1.01 with {agreeing} of {seeds} seeds")
    console.print(f"all {pooled.sizes['chain']} chains together: R-hat {worst:.4f}")


def configured(name: str, draws: int | None, tune: int | None, *, gamma: bool) -> RunConfig:
    """Read a configuration, and change the sampler and the prior of sigma."""
    config = load_config(name)
    changes = {key: value for key, value in (("draws", draws), ("tune", tune)) if value is not None}
    update: dict[str, Any] = {"sampler": config.mixing.sampler.model_copy(update=changes)}
    if gamma:
        sigma = NAMED_PRIORS["kth"].sigma
        update["priors"] = config.mixing.priors.model_copy(update={"sigma": sigma})
    return config.model_copy(update={"mixing": config.mixing.model_copy(update=update)})


def pool(found: list[xr.Dataset]) -> xr.Dataset:
    """Put the chains of all fits side by side."""
    together = xr.concat(found, dim="chain")
    return together.assign_coords(chain=np.arange(together.sizes["chain"]))


def middle(quantities: xr.Dataset) -> str:
    """Posterior medians of sigma (keV per nucleon at A = 100), or of the Dirichlet form."""
    names = ["sigma"] if "sigma" in quantities else ["log_alpha_0", "correlation"]
    medians = {name: quantities[name].median(("chain", "draw")).to_numpy() for name in names}
    return ", ".join(
        f"{name} " + " ".join(f"{value:.2f}" for value in np.atleast_1d(each))
        for name, each in medians.items()
    )


if __name__ == "__main__":
    typer.run(main)
