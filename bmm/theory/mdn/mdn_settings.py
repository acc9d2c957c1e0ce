"""What decides a network: its features, shape, loss and training."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, NonNegativeFloat, PositiveFloat, model_validator

from bmm.configuration import Configuration
from bmm.theory.mdn.features import FeatureSet
from bmm.theory.mdn.garvey_kelson import Form

__all__ = ["Constraint", "MdnSettings"]

type _Count = Annotated[int, Field(ge=1)]


class Constraint(Configuration):
    """The Garvey-Kelson term of the loss.

    Parameters
    ----------
    forms : list of {"longitudinal", "transverse"}
        Which relations.
    robust : bool, default True
        Student-t of the violations, or normal if False.
    scale : float, default 0.15
        Scale of either, MeV.
    nu : float, default 2
        Degrees of freedom of the Student-t.
    batch : int, default 384
        Relations of the chart that are resampled for each epoch.

    Examples
    --------
    >>> from bmm.theory.mdn.mdn_settings import Constraint
    >>> Constraint(robust=False).forms
    ('longitudinal', 'transverse')
    """

    forms: tuple[Form, ...] = ("longitudinal", "transverse")
    robust: bool = True
    scale: PositiveFloat = 0.15
    nu: PositiveFloat = 2.0
    batch: _Count = 384


class MdnSettings(Configuration):
    """A mixture density network and its ensemble.

    Parameters
    ----------
    features : str, default "M24"
        Set of inputs; see `bmm.theory.mdn.features`.
    layers, width : int, default 4 and 16
        Hidden layers and units in each.
    components : int, default 1
        Gaussians in the output.
    lambda_phys : float, default 1
        Weight of the Garvey-Kelson term.  The loss is L1 + lambda_phys L2: L1 the mean negative
        log likelihood of a training nucleus, L2 six times the mean negative log density of a
        relation, which is what a nucleus has to pay for all the relations of one form it enters.
    constraint : Constraint
        That term.
    beta : float, default 1
        Share of a nucleus in L1 goes with its predicted variance to this power; with 0, plain
        likelihood, the network gives up on nuclei it finds difficult (Seitzer et al., ICLR 2022).
    weight_decay, learning_rate : float
        Of AdamW, whose rate falls as a cosine.
    epochs : int, default 2400
        Passes over the training nuclei.
    patience : int, default 800
        Epochs without improvement on the validation part, of any member, that end the training.
    validation : float, default 0.1
        Part of a member's nuclei that it is validated on.
    members : int, default 20
        Networks; each has a start and a training part of its own.
    folds : int, default 5
        Parts of the training nuclei in turn held out from members / folds networks each, whose
        predictions of them are out-of-fold; 0 for none.
    seed : int, default 2020
        Of everything random.

    Examples
    --------
    >>> from bmm.theory.mdn.mdn_settings import MdnSettings
    >>> settings = MdnSettings(features="M12", components=2)
    >>> settings.layers, settings.width
    (4, 16)
    """

    features: FeatureSet = "M24"
    layers: _Count = 4
    width: _Count = 16
    components: _Count = 1
    lambda_phys: NonNegativeFloat = 1.0
    constraint: Constraint = Constraint()
    beta: Annotated[float, Field(ge=0, le=1)] = 1.0
    weight_decay: NonNegativeFloat = 0.01
    learning_rate: PositiveFloat = 0.01
    epochs: _Count = 2400
    patience: _Count = 800
    validation: Annotated[float, Field(gt=0, lt=0.5)] = 0.1
    members: _Count = 20
    folds: Annotated[int, Field(ge=0)] = 5
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 2020

    @model_validator(mode="after")
    def _folds_share_the_members(self) -> Self:
        if self.folds == 1 or (self.folds and self.members % self.folds):
            raise ValueError(
                f"folds: expected 0, or a number from 2 that divides the {self.members} members, "
                f"not {self.folds}"
            )
        return self
