"""What a forecast rests on beside its sampled weights, and what each value was learnt from."""

from __future__ import annotations

import json
from typing import Any

import xarray as xr

from bmm.data import MEASURED_TABLES, earlier_evaluations
from bmm.mixing.dirichlet import REFERENCE_SCALE, STEEPNESS
from bmm.mixing.fitted import read_settings
from bmm.mixing.priors import hyperparameters
from bmm.mixing.settings import Mixing
from bmm.prediction.joint_law import TREND_LENGTH
from bmm.workflows.config import RunConfig

__all__ = ["learnt_values"]

_STATED = (
    "stated uncertainties are the default: over the transitions AME1995 to AME2020, forecasts with "
    "errors learnt from history had the same mean CRPS, and gained at one of four only"
)
_TOO_FEW = "too few masses were fitted for residual fields, where learnt errors would enter"


def learnt_values(config: RunConfig, tree: xr.DataTree) -> dict[str, Any]:
    """Gather values that enter a forecast, with their sources.

    Parameters
    ----------
    config : RunConfig
        What was run.
    tree : DataTree
        From `bmm.mixing.corrected_fit.fit_forecast`.

    Returns
    -------
    dict
        Plain values:

        * measurement_errors: treatment, "stated" or "learnt"; uncertainty_factor, which multiplies
          the stated uncertainties (1, or None if learnt errors take their place); evaluations,
          whose revisions taught the errors; values, see
          `bmm.measurement.link_errors.LinkErrors.facts`, or None; why, "" if errors are learnt
        * residual_fields: learnt_from, and values, for each corrected model and the average: see
          `bmm.theory.corrected_model.CorrectedModel.facts`; factor multiplies the spread that the
          field gives a nucleus
        * fixed: what is neither learnt from history nor by the run: temper, nu, priors,
          trend_length (nucleons; see `bmm.prediction.joint_law`), and in the Dirichlet form
          alpha_0: steepness and reference_scale, MeV (see `bmm.mixing.dirichlet`)
    """
    return {
        "measurement_errors": _measurement_errors(config, tree),
        "residual_fields": {
            "learnt_from": "the fitted masses; the factor from the deviations of each of them from "
            "what the others predict",
            "values": json.loads(tree.attrs.get("fields", "{}")),
        },
        "fixed": _fixed(read_settings(tree)),
    }


def _measurement_errors(config: RunConfig, tree: xr.DataTree) -> dict[str, Any]:
    if "measurement_errors" in tree.children:
        evaluation = config.data.measured
        earlier = earlier_evaluations(evaluation) if evaluation in MEASURED_TABLES else ()
        return {
            "treatment": "learnt",
            "uncertainty_factor": None,
            "evaluations": [*earlier, evaluation],
            "values": json.loads(tree.attrs["measurement_errors"]),
            "why": "",
        }
    return {
        "treatment": "stated",
        "uncertainty_factor": 1.0,
        "evaluations": [],
        "values": None,
        "why": _STATED if config.theory.measurement_errors == "stated" else _TOO_FEW,
    }


def _fixed(mixing: Mixing) -> dict[str, Any]:
    fixed: dict[str, Any] = {
        "temper": mixing.temper,
        "nu": mixing.noise.nu,
        "trend_length": TREND_LENGTH,
        "priors": {name: prior.flat() for name, prior in hyperparameters(mixing).items()},
    }
    if mixing.likelihood == "dirichlet":
        fixed["alpha_0"] = {"steepness": STEEPNESS, "reference_scale": REFERENCE_SCALE}
    return fixed
