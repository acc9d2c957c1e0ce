"""Cards of mixture density networks."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import model_validator

from bmm.theory.adapters import TheoryModel
from bmm.theory.cards import BesideTheCard, Card
from bmm.theory.mdn.adapter import MdnModel, TrainedMdn
from bmm.theory.mdn.mdn_settings import MdnSettings
from bmm.theory.mdn.model_file import read_ensemble

__all__ = ["MdnCard"]

_TRAINING_PACKAGES = ("jax", "jaxlib", "equinox", "optax")


class MdnCard(Card):
    """A mixture density network: trained when it is fitted, or read from the file of a model.

    Parameters
    ----------
    network : MdnSettings, optional
        What is trained.
    file : path, optional
        A trained model, relative to the card, in place of a training.
    calibrated_on : str
        "training" for a network that is trained; otherwise the latest AME edition in the model.
    """

    adapter: Literal["mdn"]
    network: MdnSettings = MdnSettings()
    file: BesideTheCard | None = None

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if (self.file is None) != (self.calibrated_on == "training"):
            raise ValueError(
                "key 'calibrated_on': expected 'training' if, and only if, no 'file' is given"
            )
        if self.file is not None and "network" in self.model_fields_set:
            raise ValueError("section 'network' cannot be given with 'file', which brings its own")
        return self

    def build(self) -> TheoryModel:
        """Build the network, to be trained or from its file."""
        if self.file is not None:
            return TrainedMdn(self.name, read_ensemble(self.file), self.domain)
        return MdnModel(self.name, self.network, self.domain)

    @property
    def data_file(self) -> Path | None:
        """The trained model."""
        return self.file

    @property
    def packages(self) -> tuple[str, ...]:
        """Those that a network is trained with."""
        return () if self.file is not None else _TRAINING_PACKAGES

    @property
    def is_trained(self) -> bool:
        """Whether it is trained when it is fitted."""
        return self.file is None
