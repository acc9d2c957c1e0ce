"""The local mixture likelihood.

For a nucleus x with measured mass y,

    p(y | w) = sum_k w_k p_k(y),      w ~ Dirichlet(alpha(x)).

Each nucleus is measured once, so w(x) enters a single factor, linearly, and can be integrated
out exactly: the mean of a Dirichlet is alpha_k / alpha_0 with alpha_0 = sum_k alpha_k, hence

    p(y | alpha) = sum_k (alpha_k / alpha_0) p_k(y).

Sampling w(x) for every nucleus would give the same posterior of everything else at a far higher
price.  (The data therefore say nothing about alpha_0 beyond its prior.)  A model that does not
cover the nucleus is left out of both sums.

p_k is normal or Student-t about the model's mass, with the variance

    s_k^2 = [sigma_k unit (A / 100)^power]^2 + v,

v collecting the measurement's variance and the model's own stated one.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import lgamma, log, pi
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
import pytensor.tensor as pt
from pytensor.gradient import disconnected_type
from pytensor.graph.basic import Apply, Variable

from bmm.mixing.operation import CompiledOperation

__all__ = ["SIGMA_UNIT", "LocalMixture", "local_mixture"]

FloatArray = npt.NDArray[np.float64]

SIGMA_UNIT = 0.1
"""MeV of total energy at A = 100 for sigma_k = 1 keV per nucleon."""


@numba.njit(cache=True)
def digamma(x: float) -> float:
    """Logarithmic derivative of the gamma function, x > 0.

    Recurrence up to x >= 6, then the asymptotic series (Abramowitz & Stegun 6.3.18).
    """
    shift = 0.0
    while x < 6.0:
        shift -= 1.0 / x
        x += 1.0
    y = 1.0 / (x * x)
    series = y * (1 / 12 - y * (1 / 120 - y * (1 / 252 - y * (1 / 240 - y * (1 / 132)))))
    return shift + log(x) - 0.5 / x - series


def local_mixture(
    field: FloatArray,
    sigma: FloatArray,
    nu: float,
    power: float,
    mass: FloatArray,
    theory: FloatArray,
    covers: npt.NDArray[np.bool],
    variance: FloatArray,
    log_A: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Log density of each measured mass, with its derivatives.

    Parameters
    ----------
    field : array (nucleus, model)
        log alpha_k(x).
    sigma : array (model,)
        Spreads, keV per nucleon at A = 100.
    nu : float
        Degrees of freedom of the Student-t; inf for normal noise.
    power : float
        Growth of the spread with A.
    mass : array (nucleus,)
        Measured mass excess, MeV.
    theory : array (nucleus, model)
        Model mass excess, MeV; anything finite where the model does not cover the nucleus.
    covers : bool array (nucleus, model)
        Whether it does.
    variance : array (nucleus, model)
        Variance added to each component, MeV^2.
    log_A : array (nucleus,)
        log(A / 100).

    Returns
    -------
    log_density : array (nucleus,)
        In units of log(1/MeV).
    d_field, d_sigma : array (nucleus, model)
        Derivatives with respect to field and sigma.
    d_nu, d_power : array (nucleus,)
        Derivatives with respect to nu and power.
    """
    n, K = field.shape
    log_density = np.empty(n)
    d_field = np.zeros((n, K))
    d_sigma = np.zeros((n, K))
    d_nu = np.zeros(n)
    d_power = np.zeros(n)
    joint = np.empty(K)
    prior = np.empty(K)
    by_scale = np.empty(K)
    by_nu = np.zeros(K)
    normal = np.isinf(nu)
    constant = -0.5 * log(2 * pi)
    constant_by_nu = 0.0
    if not normal:
        constant = lgamma(0.5 * (nu + 1)) - lgamma(0.5 * nu) - 0.5 * log(nu * pi)
        constant_by_nu = 0.5 * (digamma(0.5 * (nu + 1)) - digamma(0.5 * nu) - 1.0 / nu)
    for i in range(n):
        unit = SIGMA_UNIT * np.exp(power * log_A[i])
        top_joint = -np.inf
        top_field = -np.inf
        for k in range(K):
            if covers[i, k]:
                own = (sigma[k] * unit) ** 2
                square = own + variance[i, k]
                z2 = (mass[i] - theory[i, k]) ** 2 / square
                if normal:
                    value = constant - 0.5 * np.log(square) - 0.5 * z2
                    by_log_scale = z2 - 1.0
                else:
                    log_tail = np.log1p(z2 / nu)
                    value = constant - 0.5 * np.log(square) - 0.5 * (nu + 1) * log_tail
                    pull = (nu + 1) * z2 / (nu + z2)
                    by_log_scale = pull - 1.0
                    by_nu[k] = constant_by_nu - 0.5 * log_tail + 0.5 * pull / nu
                by_scale[k] = by_log_scale * own / square
                joint[k] = field[i, k] + value
                top_joint = max(top_joint, joint[k])
                top_field = max(top_field, field[i, k])
        sum_joint = 0.0
        sum_field = 0.0
        for k in range(K):
            if covers[i, k]:
                joint[k] = np.exp(joint[k] - top_joint)
                prior[k] = np.exp(field[i, k] - top_field)
                sum_joint += joint[k]
                sum_field += prior[k]
        log_density[i] = top_joint + np.log(sum_joint) - top_field - np.log(sum_field)
        for k in range(K):
            if covers[i, k]:
                responsibility = joint[k] / sum_joint
                d_field[i, k] = responsibility - prior[k] / sum_field
                d_sigma[i, k] = responsibility * by_scale[k] / sigma[k]
                d_nu[i] += responsibility * by_nu[k]
                d_power[i] += responsibility * by_scale[k] * log_A[i]
    return log_density, d_field, d_sigma, d_nu, d_power


class LocalMixture(CompiledOperation):
    """PyTensor operation of `local_mixture`.

    Its first output is the log density; the derivatives computed on the way are further outputs,
    which the gradient picks up again.
    """

    function = staticmethod(local_mixture)
    output_types = (pt.dvector, pt.dmatrix, pt.dmatrix, pt.dvector, pt.dvector)
    _differentiable = 4

    def pullback(
        self, inputs: Sequence[Variable], outputs: Sequence[Variable], cotangents: Any
    ) -> list[Variable]:
        """Gradient with respect to field, sigma, nu and power; the data are constant."""
        g = cotangents[0]
        _, d_field, d_sigma, d_nu, d_power = outputs
        gradients = [
            g[:, None] * d_field,
            pt.dot(g, d_sigma),
            pt.dot(g, d_nu),
            pt.dot(g, d_power),
        ]
        return [*gradients, *(disconnected_type() for _ in inputs[self._differentiable :])]

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        """Tell that only the log density is differentiable, by the first four inputs."""
        return [
            [i < self._differentiable, False, False, False, False] for i in range(len(node.inputs))
        ]

    def infer_shape(self, node: Apply, shapes: Sequence[Any]) -> list[Any]:
        """Shapes of the log density and of its derivatives."""
        matrix, vector = shapes[0], (shapes[0][0],)
        return [vector, matrix, matrix, vector, vector]
