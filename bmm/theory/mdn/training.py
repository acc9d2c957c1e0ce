"""Training: the members of an ensemble, together, on data and on Garvey-Kelson relations."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import optax
from rich.console import Console

from bmm.arrays import FloatArray
from bmm.progress import parallel, recording, stage
from bmm.theory.mdn.ensemble import Calibration, Ensemble, calibrate
from bmm.theory.mdn.mdn_settings import Constraint, MdnSettings
from bmm.theory.mdn.network import Member, start
from bmm.theory.mdn.training_data import Problem

__all__ = ["Training", "train", "violation_cost"]

logger = logging.getLogger(__name__)

type Array = Any

_BETWEEN_CHECKS = 100


@dataclass(frozen=True)
class Training:
    """A finished training.

    Parameters
    ----------
    ensemble : Ensemble
        Each member as it was when it described its validation part best.
    epochs : int
        How many were done.
    failed_at : int or None
        Epoch by which the loss had ceased to be a number; the members are those of before.
    """

    ensemble: Ensemble
    epochs: int
    failed_at: int | None


def violation_cost(violation: Array, constraint: Constraint) -> Array:
    """Negative log density of violations (MeV), zero at zero; same shape.

    Examples
    --------
    One scale of 0.15 MeV off, normal:

    >>> import jax.numpy as jnp
    >>> from bmm.theory.mdn.mdn_settings import Constraint
    >>> from bmm.theory.mdn.training import violation_cost
    >>> round(float(violation_cost(jnp.array(0.15), Constraint(robust=False))), 4)
    0.5
    """
    z2 = (violation / constraint.scale) ** 2
    if constraint.robust:
        return 0.5 * (constraint.nu + 1) * jnp.log1p(z2 / constraint.nu)
    return 0.5 * z2


def train(problem: Problem, settings: MdnSettings, console: Console | None = None) -> Training:
    """Train the members of an ensemble in one vectorised pass.

    Parameters
    ----------
    problem : Problem
        Training nuclei, relations and their features; see `bmm.theory.mdn.training_data.pose`.
    settings : MdnSettings
        Network, loss and optimiser.
    console : rich.console.Console, optional
        Where to show progress.
    """
    members = start(settings, problem.x.shape[1])
    parameters, shape = eqx.partition(members, eqx.is_array)
    optimiser = _optimiser(settings)
    state = jax.vmap(optimiser.init)(parameters)
    advance, validate = _steps(problem, settings, shape, optimiser)
    best, best_score, last = parameters, np.full(settings.members, np.inf), 0
    epoch, failed_at = 0, None
    key = jax.random.key(settings.seed + 1)
    with _bar(settings.epochs, console) as show:
        while epoch < settings.epochs and epoch - last < settings.patience:
            key, now = jax.random.split(key)
            length = min(_BETWEEN_CHECKS, settings.epochs - epoch)
            parameters, state, loss = advance(parameters, state, jax.random.split(now, length))
            score = np.asarray(validate(parameters))
            epoch += length
            if not (np.isfinite(np.asarray(loss)).all() and np.isfinite(score).all()):
                failed_at = epoch
                break
            better = score < best_score
            best = _take(better, parameters, best)
            best_score = np.where(better, score, best_score)
            last = epoch if better.any() else last
            show(epoch, float(np.mean(np.asarray(loss))))
    if failed_at is not None:
        logger.warning("mdn: the loss is not finite at epoch %d", failed_at)
    ensemble = _finish(problem, settings, eqx.combine(best, shape))
    return Training(ensemble, epoch, failed_at)


def _optimiser(settings: MdnSettings) -> optax.GradientTransformation:
    rate = optax.warmup_cosine_decay_schedule(
        settings.learning_rate / 10,
        settings.learning_rate,
        min(100, settings.epochs // 4),
        settings.epochs,
        settings.learning_rate / 100,
    )
    return optax.chain(
        optax.clip_by_global_norm(5.0), optax.adamw(rate, weight_decay=settings.weight_decay)
    )


def _steps(
    problem: Problem,
    settings: MdnSettings,
    shape: Member,
    optimiser: optax.GradientTransformation,
) -> tuple[Any, Any]:
    """Compile some epochs of training, and the validation of every member."""
    x = jnp.asarray(problem.x, dtype=jnp.float32)
    at = jnp.asarray(problem.rows)
    target = jnp.asarray(problem.target, dtype=jnp.float32)
    uncertainty = jnp.asarray(problem.uncertainty, dtype=jnp.float32)
    learns = jnp.asarray(problem.learns, dtype=jnp.float32)
    validates = jnp.asarray(problem.validates, dtype=jnp.float32)
    bound = settings.lambda_phys > 0
    relations = jnp.asarray(problem.relations.rows)
    linear = jnp.asarray(problem.linear_violation, dtype=jnp.float32)
    constraint, n = settings.constraint, len(problem.rows)

    def loss(parameters: Member, used: Array, key: Array, drawn: Array) -> Array:
        member = eqx.combine(parameters, shape)
        corners = relations[drawn]
        seen = jnp.concatenate([x[at], x[corners.ravel()]]) if bound else x[at]
        predicted = member(seen)
        data = jax.tree.map(lambda each: each[:n], predicted)
        # The masses are drawn again, so that their uncertainties become part of the spread.
        drawn_mass = target + uncertainty * jax.random.normal(key, target.shape)
        share = used * jax.lax.stop_gradient(data.variance**settings.beta)
        likelihood = -(share * data.log_density(drawn_mass)).sum() / share.sum()
        if not bound:
            return likelihood
        signs = jnp.array([1.0, -1.0, 1.0, -1.0, 1.0, -1.0])
        violation = predicted.mean[n:].reshape(-1, 6) @ signs * problem.scale + linear[drawn]
        cost = 6 * violation_cost(violation, constraint).mean()
        return likelihood + settings.lambda_phys * cost

    def epoch(carry: tuple[Member, Any], key: Array) -> tuple[tuple[Member, Any], Array]:
        parameters, state = carry
        draw, noise = jax.random.split(key)
        drawn = jax.random.randint(draw, (constraint.batch,), 0, max(len(relations), 1))

        def one(parameters: Member, state: Any, used: Array, key: Array) -> tuple[Any, Any, Array]:
            value, slope = jax.value_and_grad(loss)(parameters, used, key, drawn)
            change, state = optimiser.update(slope, state, parameters)
            return optax.apply_updates(parameters, change), state, value

        noises = jax.random.split(noise, settings.members)
        parameters, state, values = jax.vmap(one)(parameters, state, learns, noises)
        return (parameters, state), values

    @jax.jit
    def advance(parameters: Member, state: Any, keys: Array) -> tuple[Member, Any, Array]:
        (parameters, state), values = jax.lax.scan(epoch, (parameters, state), keys)
        return parameters, state, values

    @jax.jit
    def validate(parameters: Member) -> Array:
        """Mean absolute deviation on the validation part, array (M,)."""

        def one(parameters: Member, used: Array) -> Array:
            mean = eqx.combine(parameters, shape)(x[at]).mean
            return (used * jnp.abs(mean - target)).sum() / used.sum()

        return jax.vmap(one)(parameters, validates)

    return advance, validate


def _take(chosen: npt.NDArray[np.bool], new: Member, old: Member) -> Member:
    """Choose members from one of two ensembles."""

    def choose(a: Array, b: Array) -> Array:
        return jnp.where(jnp.asarray(chosen).reshape(-1, *[1] * (a.ndim - 1)), a, b)

    chosen_members: Member = jax.tree.map(choose, new, old)
    return chosen_members


def _finish(problem: Problem, settings: MdnSettings, members: Member) -> Ensemble:
    """Take the members out of JAX and calibrate them."""

    def plain(array: Array) -> FloatArray:
        return np.asarray(array, dtype=np.float64)

    ensemble = Ensemble(
        settings=settings,
        centre=problem.centre,
        spread=problem.spread,
        offset=problem.offset,
        coefficients=problem.coefficients,
        scale=problem.scale,
        skip=plain(members.skip),
        matrices=tuple(plain(layer.weight) for layer in members.hidden.layers),
        biases=tuple(plain(layer.bias) for layer in members.hidden.layers),
        Z=problem.Z,
        N=problem.N,
        fold=problem.fold,
        validates=problem.validates,
        calibration=Calibration(),
        log_weight=np.full(settings.members, -np.log(settings.members)),
    )
    mixture, kept = ensemble.unseen()
    calibration = calibrate(
        mixture,
        problem.mass[kept],
        problem.scale * problem.uncertainty[kept],
        ensemble.all_over_few(problem.mass),
    )
    return replace(ensemble, calibration=calibration)


@contextmanager
def _bar(epochs: int, console: Console | None) -> Iterator[Any]:
    with (
        recording(console),
        stage("training the MDN"),
        parallel(["MDN"], epochs) as report,
    ):
        yield lambda epoch, loss: report(0, epoch, f"loss {loss:.2f}")
