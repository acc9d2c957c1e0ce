"""How a committee is built and trained, with two named presets."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt

from bmm.configuration import Configuration
from bmm.errors import ConfigError, quoted
from bmm.registry import suggestion

__all__ = ["PRESETS", "CommitteeSettings", "preset"]


class CommitteeSettings(Configuration):
    """Settings of a committee of networks.

    Parameters
    ----------
    members : int
        Networks, each from its own random start.
    hidden_layers, width : int
        Shape of each network.
    activation : {"relu", "silu", "tanh"}
        Of the hidden layers.
    frequencies : int
        Random Fourier features besides the coordinates themselves: with b ~ Normal(0, bandwidth^2)
        the network also sees sin(b x) and cos(b x), and so learns steep parts as easily as flat
        ones (Tancik et al., NeurIPS 2020, arXiv 2006.10739).  Each member has its own.
    bandwidth : float
        In inverse half widths of the surface.
    optimizer : {"adam", "adamax"}
        Minimises the mean squared error.
    learning_rate : float
        At the start.
    schedule : {"constant", "cosine"}
        Cosine takes the learning rate to zero.
    epochs : int
        Passes over the data from a random start.
    warm_epochs : int
        Passes when the members start from those of the round before; 0 always starts over.
    batch : int, optional
        Points per step, resampled each time with replacement; all of them if not given.
    feed : {"shared", "bootstrap", "split"}
        Every member sees all points, a bootstrap sample of them, or its own share.

    Examples
    --------
    >>> from bmm.emulation.network_settings import CommitteeSettings
    >>> settings = CommitteeSettings(members=12, feed="bootstrap")
    >>> settings.width, settings.activation
    (64, 'silu')
    """

    members: PositiveInt = Field(default=8, ge=2)
    hidden_layers: PositiveInt = 2
    width: PositiveInt = 64
    activation: Literal["relu", "silu", "tanh"] = "silu"
    frequencies: int = Field(default=32, ge=0)
    bandwidth: PositiveFloat = 4.0
    optimizer: Literal["adam", "adamax"] = "adam"
    learning_rate: PositiveFloat = 3e-3
    schedule: Literal["constant", "cosine"] = "cosine"
    epochs: PositiveInt = 1000
    warm_epochs: int = Field(default=500, ge=0)
    batch: PositiveInt | None = None
    feed: Literal["shared", "bootstrap", "split"] = "shared"


PRESETS = {
    "default": CommitteeSettings(),
    "published": CommitteeSettings(
        members=5,
        hidden_layers=4,
        width=150,
        activation="relu",
        frequencies=0,
        optimizer="adamax",
        learning_rate=1e-3,
        schedule="constant",
        epochs=2000,
        warm_epochs=0,
        batch=32,
    ),
}
"""Named settings: bmm's own, and those of van den Broek d'Obrenan and Ravikularaman's talk, who
name 3-6 hidden layers of 150 units, ReLU, Adamax, batches of 10-60 and 2,000 epochs; the number of
members and the learning rate are not given there."""


def preset(name: str) -> CommitteeSettings:
    """Look settings up by name.

    Raises
    ------
    ConfigError
        If there are none of that name.

    Examples
    --------
    >>> from bmm.emulation.network_settings import preset
    >>> preset("default").members
    8
    """
    if name not in PRESETS:
        raise ConfigError(
            f"no committee preset is called {quoted(name)}{suggestion(name, PRESETS)}: expected "
            f"one of {', '.join(PRESETS)}"
        )
    return PRESETS[name]
