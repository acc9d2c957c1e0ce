"""All methods, by the name a configuration gives them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from bmm.methods.averages import EqualWeights, LeastSquares
from bmm.methods.averaging import GlobalBMA, Stacking
from bmm.methods.components import PrincipalComponents
from bmm.methods.corrected import CorrectedMixture
from bmm.methods.extrapolation import AMEExtrapolation
from bmm.methods.hierarchical import HierarchicalStacking
from bmm.methods.local import LocalMixture
from bmm.methods.sampled_weights import EnsembleBMA, GlobalDirichlet
from bmm.methods.single_model import BestSingle, SingleModel

__all__ = ["AnyMethod"]


def _spelled_out(value: Any) -> Any:
    """Accept the bare name of a method that needs no options."""
    return {"method": value} if isinstance(value, str) else value


type AnyMethod = Annotated[
    BestSingle
    | SingleModel
    | EqualWeights
    | LeastSquares
    | GlobalBMA
    | Stacking
    | PrincipalComponents
    | EnsembleBMA
    | GlobalDirichlet
    | CorrectedMixture
    | AMEExtrapolation
    | HierarchicalStacking
    | LocalMixture,
    Field(discriminator="method"),
    BeforeValidator(_spelled_out),
]
"""The options of any method, told apart by the key method."""
