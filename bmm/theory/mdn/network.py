"""The networks under training, all members side by side, in JAX."""

from __future__ import annotations

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp

from bmm.theory.mdn.ensemble import SMALLEST_SPREAD
from bmm.theory.mdn.mdn_settings import MdnSettings

__all__ = ["Member", "Output", "start"]

type Array = Any


class Output(NamedTuple):
    """Gaussians that a member predicts, in units of the ensemble's scale.

    Parameters
    ----------
    logits, means, sds : array (n, C)
        Of the components.
    """

    logits: Array
    means: Array
    sds: Array

    @property
    def shares(self) -> Array:
        """Weights of the components, array (n, C)."""
        return jax.nn.softmax(self.logits, axis=1)

    @property
    def mean(self) -> Array:
        """Mean, array (n,)."""
        return (self.shares * self.means).sum(axis=1)

    @property
    def variance(self) -> Array:
        """Variance, array (n,)."""
        deviation = self.means - self.mean[:, None]
        return (self.shares * (self.sds**2 + deviation**2)).sum(axis=1)

    def log_density(self, target: Array) -> Array:
        """Log density at targets (n,), without the constant log sqrt(2 pi)."""
        z = (target[:, None] - self.means) / self.sds
        terms = jax.nn.log_softmax(self.logits, axis=1) - 0.5 * z**2 - jnp.log(self.sds)
        return jax.nn.logsumexp(terms, axis=1)


class Member(eqx.Module):
    """One network with its linear path around the hidden layers.

    Parameters
    ----------
    hidden : equinox.nn.MLP
        From features to 3 C numbers.
    skip : array (feature,)
        Linear path, to all means alike.
    """

    hidden: eqx.nn.MLP
    skip: Array

    def __call__(self, x: Array) -> Output:
        """Evaluate at standardised features (n, feature)."""
        logits, means, spreads = jnp.split(jax.vmap(self.hidden)(x), 3, axis=1)
        sds = jax.nn.softplus(spreads) + SMALLEST_SPREAD
        return Output(logits, means + (x @ self.skip)[:, None], sds)


def start(settings: MdnSettings, features: int) -> Member:
    """Draw the members' first parameters; every array has a leading axis (M,)."""

    def one(key: Array) -> Member:
        mlp = eqx.nn.MLP(
            features,
            3 * settings.components,
            settings.width,
            settings.layers,
            activation=jnp.tanh,
            key=key,
        )
        return Member(mlp, jnp.zeros(features))

    keys = jax.random.split(jax.random.key(settings.seed), settings.members)
    members: Member = eqx.filter_vmap(one)(keys)
    return members
