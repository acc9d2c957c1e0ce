"""Networks of a committee, all trained in one vectorised pass (JAX)."""

from __future__ import annotations

from typing import Any, cast

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import optax

from bmm.arrays import FloatArray
from bmm.emulation.network_settings import CommitteeSettings

__all__ = [
    "Network",
    "evaluate",
    "leaves_of",
    "make_networks",
    "train_networks",
    "with_leaves",
]


_ACTIVATIONS = {"relu": jax.nn.relu, "silu": jax.nn.silu, "tanh": jnp.tanh}
_OPTIMIZERS = {"adam": optax.scale_by_adam, "adamax": optax.scale_by_adamax}


class Network(eqx.Module):
    """One member: a perceptron that sees the coordinates and their random Fourier features.

    Parameters
    ----------
    key : jax key
        Random start.
    dimensions : int
        Coordinates.
    settings : CommitteeSettings
        Its shape.
    """

    directions: jax.Array
    perceptron: eqx.nn.MLP

    def __init__(self, key: jax.Array, dimensions: int, settings: CommitteeSettings):
        first, second = jax.random.split(key)
        shape = (settings.frequencies, dimensions)
        self.directions = settings.bandwidth * jax.random.normal(first, shape)
        self.perceptron = eqx.nn.MLP(
            dimensions + 2 * settings.frequencies,
            "scalar",
            settings.width,
            settings.hidden_layers,
            _ACTIVATIONS[settings.activation],
            key=second,
        )

    def __call__(self, point: jax.Array) -> jax.Array:
        """Value at a point (d,)."""
        phase = jax.lax.stop_gradient(self.directions) @ point
        return self.perceptron(jnp.concatenate([point, jnp.sin(phase), jnp.cos(phase)]))


def make_networks(seed: int, dimensions: int, settings: CommitteeSettings) -> Network:
    """Random members, stacked along the first axis of every array."""
    keys = jax.random.split(jax.random.key(seed), settings.members)
    make = eqx.filter_vmap(lambda key: Network(key, dimensions, settings))
    return cast(Network, make(keys))


def train_networks(
    networks: Network,
    points: FloatArray,
    values: FloatArray,
    weights: FloatArray,
    epochs: int,
    seed: int,
    settings: CommitteeSettings,
) -> tuple[Network, FloatArray]:
    """Train every member on its own weights of the same points.

    Parameters
    ----------
    networks : Network
        Stacked members, from `make_networks`.
    points : array (n, d)
    values : array (n,)
        Of order one.
    weights : array (member, n)
        How often a member sees a point.
    epochs : int
        Passes over the points.
    seed : int
        For the batches.
    settings : CommitteeSettings
        Optimiser, schedule and batch.

    Returns
    -------
    Network, array (member,)
        The trained members and their mean squared errors on what they saw.
    """
    n = len(values)
    # Compiled once for every multiple of 64 points, not for every n.
    padding = -n % 64
    steps = epochs if settings.batch is None else epochs * -(-n // settings.batch)
    trained, loss = _train(
        networks,
        jax.random.split(jax.random.key(seed), len(weights)),
        jnp.asarray(np.pad(points, ((0, padding), (0, 0))), dtype=jnp.float32),
        jnp.asarray(np.pad(values, (0, padding)), dtype=jnp.float32),
        jnp.asarray(np.pad(weights, ((0, 0), (0, padding))), dtype=jnp.float32),
        jnp.asarray(steps),
        settings,
    )
    return trained, np.asarray(loss, dtype=np.float64)


@eqx.filter_jit
def _train(
    networks: Network,
    keys: jax.Array,
    points: jax.Array,
    values: jax.Array,
    weights: jax.Array,
    steps: jax.Array,
    settings: CommitteeSettings,
) -> tuple[Network, jax.Array]:
    optimizer = _OPTIMIZERS[settings.optimizer]()

    def train_one(network: Network, key: jax.Array, weight: jax.Array) -> Any:
        start, fixed = eqx.partition(network, eqx.is_inexact_array)

        def loss(free: Network, rows: jax.Array | slice, weight: jax.Array) -> jax.Array:
            off = jax.vmap(eqx.combine(free, fixed))(points[rows]) - values[rows]
            return jnp.sum(weight * off**2) / jnp.sum(weight)

        def step(i: jax.Array, carry: Any) -> Any:
            free, state = carry
            if settings.batch is None:
                slope = jax.grad(loss)(free, slice(None), weight)
            else:
                chosen = jax.random.categorical(
                    jax.random.fold_in(key, i), jnp.log(weight), shape=(settings.batch,)
                )
                slope = jax.grad(loss)(free, chosen, jnp.ones(settings.batch))
            update, state = optimizer.update(slope, state, free)
            rate = settings.learning_rate
            if settings.schedule == "cosine":
                rate = rate * 0.5 * (1 + jnp.cos(jnp.pi * i / steps))
            return jax.tree.map(lambda old, new: old - rate * new, free, update), state

        free, _ = jax.lax.fori_loop(0, steps, step, (start, optimizer.init(start)))
        return eqx.combine(free, fixed), loss(free, slice(None), weight)

    return cast(tuple[Network, jax.Array], eqx.filter_vmap(train_one)(networks, keys, weights))


def evaluate(networks: Network, points: FloatArray) -> FloatArray:
    """Values (member, n) of every member at points (n, d)."""
    padded = np.pad(points, ((0, -len(points) % 64), (0, 0)))
    values = _evaluate(networks, jnp.asarray(padded, dtype=jnp.float32))
    return np.asarray(values, dtype=np.float64)[:, : len(points)]


@eqx.filter_jit
def _evaluate(networks: Network, points: jax.Array) -> jax.Array:
    values = eqx.filter_vmap(lambda network: jax.vmap(network)(points))(networks)
    return cast(jax.Array, values)


def leaves_of(networks: Network) -> list[npt.NDArray[np.float32]]:
    """Give the arrays of stacked members, in a fixed order."""
    return [np.asarray(leaf) for leaf in jax.tree.leaves(eqx.filter(networks, eqx.is_array))]


def with_leaves(networks: Network, leaves: list[npt.NDArray[Any]]) -> Network:
    """Replace the arrays of stacked members, as `leaves_of` gives them."""
    arrays, fixed = eqx.partition(networks, eqx.is_array)
    structure = jax.tree.structure(arrays)
    replaced = jax.tree.unflatten(structure, [jnp.asarray(leaf) for leaf in leaves])
    return cast(Network, eqx.combine(replaced, fixed))
