"""All methods, by the name a configuration gives them."""

from __future__ import annotations

from typing import Annotated

from pydantic import PlainValidator, SerializeAsAny

from bmm.configuration import tagged
from bmm.methods.interface import Method
from bmm.registry import Registry

__all__ = ["METHODS", "AnyMethod"]

METHODS: Registry[type[Method]] = Registry(
    "method",
    "bmm.methods",
    {
        "best-single": "bmm.methods.single_model:BestSingle",
        "single-model": "bmm.methods.single_model:SingleModel",
        "equal-weights": "bmm.methods.averages:EqualWeights",
        "least-squares": "bmm.methods.averages:LeastSquares",
        "global-bma": "bmm.methods.averaging:GlobalBMA",
        "stacking": "bmm.methods.averaging:Stacking",
        "pseudo-bma": "bmm.methods.averaging:Stacking",
        "principal-components": "bmm.methods.components:PrincipalComponents",
        "ensemble-bma": "bmm.methods.sampled_weights:EnsembleBMA",
        "global-dirichlet": "bmm.methods.sampled_weights:GlobalDirichlet",
        "corrected-mixture": "bmm.methods.corrected:CorrectedMixture",
        "ame-extrapolation": "bmm.methods.extrapolation:AMEExtrapolation",
        "hierarchical-stacking": "bmm.methods.hierarchical:HierarchicalStacking",
        "local-mixture": "bmm.methods.local:LocalMixture",
        "forecast": "bmm.methods.local:LocalForecast",
    },
)
"""The methods; each is imported when a configuration names it."""

type AnyMethod = Annotated[SerializeAsAny[Method], PlainValidator(tagged(METHODS, "method"))]
"""The options of any method: a table whose key method tells which, or the name alone."""
