"""The verdict on a set of chains.

nutpie samples without checking anything, so every result carries this verdict.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

__all__ = ["Convergence", "check_convergence", "compared_quantities"]

MAX_R_HAT = 1.01
MIN_ESS = 400
MIN_E_BFMI = 0.3
MAX_DIVERGENT_FRACTION = 0.001


@dataclass(frozen=True)
class Convergence:
    """How far the chains agree.

    Parameters
    ----------
    table : DataFrame
        One row per scalar (hyperparameters and the total log_likelihood), columns r_hat, ess_bulk,
        ess_tail: rank-normalised split R-hat and effective sample sizes of Vehtari et al.
        (Bayesian Analysis 16, 667, 2021).
    chains, draws : int
        Chains kept and draws in each.
    divergences : int
        Number of divergent transitions.
    depth_saturations : int
        Number of trajectories that ended at the largest tree depth.
    e_bfmi : tuple of float
        Energy fraction of missing information of each chain.
    partial : bool
        Whether sampling was interrupted.

    Examples
    --------
    With `tree` of the example of `bmm.fit`:

    >>> found = bmm.convergence_of(tree)
    >>> list(found.table), found.failures == []
    (['r_hat', 'ess_bulk', 'ess_tail'], False)
    """

    table: pd.DataFrame
    chains: int
    draws: int
    divergences: int
    depth_saturations: int
    e_bfmi: tuple[float, ...]
    partial: bool = False

    @property
    def failures(self) -> list[str]:
        """What is wrong, one sentence each; empty if the chains converged."""
        found = []
        if self.partial:
            found.append(
                f"sampling was interrupted: {self.chains} chains of {self.draws} draws were kept"
            )
        if self.chains < 2:
            found.append("R-hat compares chains: expected at least 2")
        for column, limit, above in (
            ("r_hat", MAX_R_HAT, True),
            ("ess_bulk", MIN_ESS, False),
            ("ess_tail", MIN_ESS, False),
        ):
            values = self.table[column]
            bad = ~(values <= limit) if above else ~(values >= limit)
            if bad.any():
                # NaN, which too few draws give, is worse than any number.
                ranked = values.sort_values(ascending=not above, na_position="first")
                worst = str(ranked.index[0])
                relation = "above" if above else "below"
                found.append(
                    f"{column} of {int(bad.sum())} of {len(values)} quantities is {relation} "
                    f"{limit:g} (worst: {worst}, {values[worst]:.4g})"
                )
        if self.divergences > MAX_DIVERGENT_FRACTION * self.chains * self.draws:
            found.append(f"{self.divergences} transitions diverged")
        low = [value for value in self.e_bfmi if not value >= MIN_E_BFMI]
        if low:
            found.append(f"E-BFMI is {min(low):.2f}, below {MIN_E_BFMI}")
        return found

    @property
    def converged(self) -> bool:
        """Whether nothing is wrong."""
        return not self.failures

    def as_dict(self) -> dict[str, Any]:
        """Return the verdict under the names used in ``scores.json``."""
        return {
            "converged": self.converged,
            "failures": self.failures,
            "partial": self.partial,
            "chains": self.chains,
            "draws": self.draws,
            "max_r_hat": float(self.table["r_hat"].max()),
            "min_ess_bulk": float(self.table["ess_bulk"].min()),
            "min_ess_tail": float(self.table["ess_tail"].min()),
            "divergences": self.divergences,
            "depth_saturations": self.depth_saturations,
            "min_e_bfmi": min(self.e_bfmi),
            "quantities": {
                str(name): {str(key): float(value) for key, value in row.items()}
                for name, row in self.table.iterrows()
            },
        }


def check_convergence(
    tree: xr.DataTree, var_names: Sequence[str], *, partial: bool = False
) -> Convergence:
    """Check a posterior.

    Parameters
    ----------
    tree : DataTree
        A fitted tree; see `bmm.mixing.fit.fit`.
    var_names : sequence of str
        Variables to check; the total log likelihood is checked with them.
    partial : bool, default False
        Whether sampling was interrupted.

    Examples
    --------
    With `tree` of the example of `bmm.fit`, whose 50 draws are few:

    >>> from bmm.mixing.convergence import check_convergence
    >>> checked = check_convergence(tree, ["sigma"])
    >>> checked.chains, checked.draws, checked.converged
    (2, 50, False)
    """
    import arviz as az

    stats = tree["sample_stats"].to_dataset()
    quantities = compared_quantities(tree, var_names)
    with np.errstate(invalid="ignore", divide="ignore"):  # a constant gives NaN
        columns = {
            "r_hat": az.rhat(quantities),
            "ess_bulk": az.ess(quantities, method="bulk"),
            "ess_tail": az.ess(quantities, method="tail"),
        }
    table = pd.DataFrame({name: _flatten(values) for name, values in columns.items()})
    energy = stats["energy"].to_numpy()
    spread = np.square(energy - energy.mean(axis=1, keepdims=True)).sum(axis=1)
    jumps = np.square(np.diff(energy, axis=1)).sum(axis=1)
    e_bfmi = np.divide(jumps, spread, out=np.full_like(spread, np.nan), where=spread > 0)
    return Convergence(
        table=table,
        chains=quantities.sizes["chain"],
        draws=quantities.sizes["draw"],
        divergences=int(stats["diverging"].sum()),
        depth_saturations=int(stats["maxdepth_reached"].sum()),
        e_bfmi=tuple(float(each) for each in e_bfmi),
        partial=partial,
    )


def compared_quantities(tree: xr.DataTree, var_names: Sequence[str]) -> xr.Dataset:
    """Gather what chains are compared by: hyperparameters and the total log likelihood.

    (The sampler's own log posterior would not do: chains confined to a mode have another
    normalisation.)

    Examples
    --------
    With `tree` of the example of `bmm.fit`:

    >>> from bmm.mixing.convergence import compared_quantities
    >>> sorted(compared_quantities(tree, ["sigma", "rho_Z"]).data_vars)
    ['log_likelihood', 'rho_Z', 'sigma']
    """
    total = tree["log_likelihood"]["mass_excess"].sum("nucleus")
    return tree["posterior"].to_dataset()[list(var_names)].assign(log_likelihood=total)


def _flatten(values: xr.Dataset) -> dict[str, float]:
    flat = {}
    for name, array in values.data_vars.items():
        if array.ndim == 0:
            flat[str(name)] = float(array)
        else:
            for label in array["theory"].to_numpy():
                flat[f"{name}[{label}]"] = float(array.sel(theory=label))
    return flat
