"""Proof that bmm and its rivals have the same log density and gradient, before they are timed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
from pymc.pytensorf import join_nonshared_inputs
from rivals import exact_model, hsgp_model, hsgp_order, whitened
from study import Study

from bmm.arrays import FloatArray
from bmm.gp.basis import root_spectral_density
from bmm.mixing.model import build_model

Values = dict[str, FloatArray]

POSITIVE = ("sigma", "eta", "rho_Z", "rho_N")
NAMES = ("sigma", "mu", "eta", "rho_Z", "rho_N", "beta")
TOLERANCE = 1e-8


@dataclass(frozen=True)
class Density:
    """A log density at a point, by the named variables, the positive ones as logarithms.

    Parameters
    ----------
    values, gradient : dict of array
        The point, and the gradient there, by name.
    log_density : float
        Its value.
    log_volume : float
        Logarithm of the volume element by which this is not the density that is sampled.
    """

    values: Values
    gradient: Values
    log_density: float
    log_volume: float


def named_density(model: pm.Model) -> Callable[[FloatArray], Density]:
    """Compile bmm's density by its named variables, whichever variables it samples."""
    named = model.replace_rvs_by_values([model[name] for name in NAMES])
    real = [pt.log(x) if name in POSITIVE else x for name, x in zip(NAMES, named, strict=True)]
    (flat, log_density, *real), sampled = join_nonshared_inputs(
        model.initial_point(),
        [pt.concatenate([pt.flatten(x) for x in real]), model.logp(), *real],
        model.value_vars,
    )
    direction = pt.dvector()
    evaluate = pytensor.function(
        [sampled], [log_density, pytensor.grad(log_density, sampled), *real], mode="NUMBA"
    )
    pull_back = pytensor.function(
        [sampled, direction], pytensor.grad(pt.dot(flat, direction), sampled), mode="NUMBA"
    )

    def density(point: FloatArray) -> Density:
        value, gradient, *values = evaluate(point)
        jacobian = np.stack([pull_back(point, unit) for unit in np.eye(len(point))])
        log_volume = np.linalg.slogdet(jacobian)[1]
        gradient = np.linalg.solve(jacobian.T, gradient)
        ends = np.cumsum([x.size for x in values])[:-1]
        parts = [
            part.reshape(x.shape) for part, x in zip(np.split(gradient, ends), values, strict=True)
        ]
        return Density(
            dict(zip(NAMES, values, strict=True)),
            dict(zip(NAMES, parts, strict=True)),
            float(value - log_volume),
            float(log_volume),
        )

    return density


def rival_density(model: pm.Model) -> Callable[[Values], tuple[float, Values]]:
    """Compile a rival's density and gradient by the same variables."""
    variables = {each.name.removesuffix("_log__"): each for each in model.value_vars}
    log_density = model.logp()
    gradients = pytensor.grad(log_density, list(variables.values()))
    compiled = pytensor.function(list(variables.values()), [log_density, *gradients], mode="NUMBA")

    def density(values: Values) -> tuple[float, Values]:
        value, *parts = compiled(*(values[name] for name in variables))
        return float(value), dict(zip(variables, parts, strict=True))

    return density


def two_points(model: pm.Model) -> list[Density]:
    """Bmm's density at two random points."""
    density = named_density(model)
    centre = np.concatenate([np.ravel(x) for x in model.initial_point().values()])
    rng = np.random.default_rng(4)
    points = [density(centre + 0.3 * rng.normal(size=centre.size)) for _ in range(2)]
    # Otherwise its gradient would belong to the density as well.
    volumes = [point.log_volume for point in points]
    np.testing.assert_allclose(volumes[0], volumes[1], atol=1e-8, err_msg="volume changes")
    return points


def assert_hsgp_agrees(study: Study) -> None:
    """Compare the whole density and every gradient with those of `rivals.hsgp_model`."""
    rival = rival_density(hsgp_model(study))
    for ours in two_points(build_model(study.problem, study.axis_Z, study.axis_N, study.settings)):
        value, gradient = rival(ours.values | {"beta": hsgp_order(ours.values["beta"])})
        np.testing.assert_allclose(value, ours.log_density, rtol=TOLERANCE)
        _assert_same(gradient, ours.gradient | {"beta": hsgp_order(ours.gradient["beta"])}, NAMES)


def assert_exact_agrees(study: Study) -> None:
    """Compare with `rivals.exact_model` where its fields are made equal.

    Length scales act on white noise and on coefficients differently, so that their gradients and
    the density of the coefficients are left out.
    """
    rival = rival_density(exact_model(study))
    for ours in two_points(build_model(study.problem, study.axis_Z, study.axis_N, study.settings)):
        natural = {x: np.exp(v) if x in POSITIVE else v for x, v in ours.values.items()}
        white = whitened(study, _field(study, natural), natural)
        value, gradient = rival(ours.values | {"beta": white})
        np.testing.assert_allclose(
            value + 0.5 * (white**2 + np.log(2 * np.pi)).sum(),
            ours.log_density + 0.5 * (natural["beta"] ** 2 + np.log(2 * np.pi)).sum(),
            rtol=TOLERANCE,
        )
        _assert_same(gradient, ours.gradient, ("sigma", "mu", "eta"))


def _field(study: Study, values: Values) -> FloatArray:
    Z, N = (
        axis.functions(study.problem[axis.name])
        * root_spectral_density(axis.omega, float(values[f"rho_{axis.name}"]))
        for axis in (study.axis_Z, study.axis_N)
    )
    expansion = np.einsum("ni,kij,nj->nk", Z, values["beta"], N, optimize=True)
    return values["mu"] + np.sqrt(values["eta"]) * expansion


def _assert_same(one: Values, other: Values, names: tuple[str, ...]) -> None:
    for name in names:
        largest = np.abs(other[name]).max()
        np.testing.assert_allclose(
            one[name], other[name], rtol=0, atol=TOLERANCE * largest, err_msg=f"gradient by {name}"
        )
