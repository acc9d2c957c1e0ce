"""Local Bayesian model mixing of nuclear masses.

The names below are loaded when they are first used, so that ``import bmm`` and the command line
start at once.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bmm.data import load_measured as load_measured
    from bmm.data import load_theory as load_theory
    from bmm.errors import BmmError as BmmError
    from bmm.evaluation.kfold import kfold as kfold
    from bmm.figures import plot_chain as plot_chain
    from bmm.figures import plot_coverage as plot_coverage
    from bmm.figures import plot_existence as plot_existence
    from bmm.figures import plot_pit as plot_pit
    from bmm.figures import plot_residuals as plot_residuals
    from bmm.figures import plot_uncertainty as plot_uncertainty
    from bmm.figures import plot_weights as plot_weights
    from bmm.mixing.corrected_fit import fit_forecast as fit_forecast
    from bmm.mixing.fit import fit as fit
    from bmm.mixing.fit import fitted_tree as fitted_tree
    from bmm.mixing.fitted import convergence_of as convergence_of
    from bmm.mixing.pymc_model import pymc_model as pymc_model
    from bmm.mixing.settings import Mixing as Mixing
    from bmm.prediction.derived import derive as derive
    from bmm.prediction.dirichlet import dirichlet_weights as dirichlet_weights
    from bmm.prediction.existence import drip_lines as drip_lines
    from bmm.prediction.existence import existence as existence
    from bmm.prediction.forecast import Forecast as Forecast
    from bmm.prediction.forecast import even_forecast as even_forecast
    from bmm.prediction.forecast import forecast as forecast
    from bmm.prediction.groups import add_groups as add_groups
    from bmm.prediction.groups import sample_prior_predictive as sample_prior_predictive
    from bmm.prediction.predictive import Prediction as Prediction
    from bmm.prediction.predictive import predict as predict
    from bmm.theory.adapters import predict_all as predict_all
    from bmm.theory.correction import correct_theory as correct_theory
    from bmm.theory.library import load_model as load_model
    from bmm.workflows.config import load_config as load_config
    from bmm.workflows.folder import RunFolder as RunFolder
    from bmm.workflows.pipeline import run as run
    from bmm.workflows.run_forecast import read_forecast as read_forecast

__version__ = "0.1.0"

_HOMES = {
    "BmmError": "bmm.errors",
    "Forecast": "bmm.prediction.forecast",
    "Mixing": "bmm.mixing.settings",
    "Prediction": "bmm.prediction.predictive",
    "RunFolder": "bmm.workflows.folder",
    "add_groups": "bmm.prediction.groups",
    "convergence_of": "bmm.mixing.fitted",
    "correct_theory": "bmm.theory.correction",
    "derive": "bmm.prediction.derived",
    "dirichlet_weights": "bmm.prediction.dirichlet",
    "drip_lines": "bmm.prediction.existence",
    "existence": "bmm.prediction.existence",
    "even_forecast": "bmm.prediction.forecast",
    "forecast": "bmm.prediction.forecast",
    "fit_forecast": "bmm.mixing.corrected_fit",
    "read_forecast": "bmm.workflows.run_forecast",
    "fit": "bmm.mixing.fit",
    "fitted_tree": "bmm.mixing.fit",
    "kfold": "bmm.evaluation.kfold",
    "load_config": "bmm.workflows.config",
    "load_measured": "bmm.data",
    "load_model": "bmm.theory.library",
    "load_theory": "bmm.data",
    "plot_chain": "bmm.figures",
    "plot_coverage": "bmm.figures",
    "plot_existence": "bmm.figures",
    "plot_pit": "bmm.figures",
    "plot_residuals": "bmm.figures",
    "plot_uncertainty": "bmm.figures",
    "plot_weights": "bmm.figures",
    "predict": "bmm.prediction.predictive",
    "predict_all": "bmm.theory.adapters",
    "pymc_model": "bmm.mixing.pymc_model",
    "run": "bmm.workflows.pipeline",
    "sample_prior_predictive": "bmm.prediction.groups",
}

__all__ = [*_HOMES, "__version__"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'bmm' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
