"""Local Bayesian model mixing of nuclear masses.

The names below are loaded when they are first used, so that ``import bmm`` and the command line
start at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from bmm.data import load_measured as load_measured
    from bmm.data import load_theory as load_theory
    from bmm.errors import BmmError as BmmError
    from bmm.mixing.fit import convergence_of as convergence_of
    from bmm.mixing.fit import fit as fit
    from bmm.mixing.settings import Mixing as Mixing
    from bmm.prediction.derived import derive as derive
    from bmm.prediction.dirichlet import dirichlet_weights as dirichlet_weights
    from bmm.prediction.existence import drip_lines as drip_lines
    from bmm.prediction.existence import existence as existence
    from bmm.prediction.joint_draws import sample_surfaces as sample_surfaces
    from bmm.prediction.predictive import Prediction as Prediction
    from bmm.prediction.predictive import predict as predict
    from bmm.theory.adapters import predict_all as predict_all
    from bmm.theory.correction import correct_theory as correct_theory
    from bmm.theory.library import load_model as load_model
    from bmm.workflows.config import load_config as load_config
    from bmm.workflows.folder import RunFolder as RunFolder
    from bmm.workflows.pipeline import run as run

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "data": ["load_measured", "load_theory"],
        "errors": ["BmmError"],
        "mixing.fit": ["convergence_of", "fit"],
        "mixing.settings": ["Mixing"],
        "prediction.derived": ["derive"],
        "prediction.dirichlet": ["dirichlet_weights"],
        "prediction.existence": ["drip_lines", "existence"],
        "prediction.joint_draws": ["sample_surfaces"],
        "prediction.predictive": ["Prediction", "predict"],
        "theory.adapters": ["predict_all"],
        "theory.correction": ["correct_theory"],
        "theory.library": ["load_model"],
        "workflows.config": ["load_config"],
        "workflows.folder": ["RunFolder"],
        "workflows.pipeline": ["run"],
    },
)
__all__ += ["__version__"]
