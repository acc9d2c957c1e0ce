"""Every model corrected by a Gaussian process of its own residuals.

The deviation of the measured mass from a model at x = (Z, N) is

    d(x) ~ GP(0, eta exp[-(dZ)^2 / (2 rho_Z^2) - (dN)^2 / (2 rho_N^2)]) + nugget + measurement,

exactly, by a Cholesky decomposition; the four hyperparameters maximise the marginal likelihood.
Neufcourt et al. (Phys. Rev. C 98, 034318, 2018) corrected separation energies in this way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from scipy import linalg, optimize
from scipy.linalg import lapack

from bmm.errors import DataError
from bmm.rivals.interface import Settings
from bmm.rivals.mixture import MixtureForecast
from bmm.rivals.training import Training, masses_of, position_of, training_data

__all__ = ["FittedProcesses", "Process", "ResidualProcess", "fit_process", "negative_evidence"]

FloatArray = npt.NDArray[np.float64]

_EVALUATIONS = 40
_TOLERANCE = 1e-5
# sqrt(eta) and nugget (MeV), rho_Z and rho_N (nucleons): far beyond anything sensible.
_BOUNDS = ((1e-3, 30.0), (0.3, 100.0), (0.3, 150.0), (1e-3, 10.0))
_START = (1.0, 4.0, 5.0, 0.5)


@dataclass(frozen=True)
class Process:
    """A Gaussian process conditioned on residuals.

    Parameters
    ----------
    parameters : array (4,)
        sqrt(eta) in MeV, rho_Z and rho_N in nucleons, nugget in MeV.
    points : array (n, 2)
        Z and N of the residuals.
    cholesky : array (n, n)
        Lower triangle of the residuals' covariance.
    coefficients : array (n,)
        Inverse covariance times residuals.
    log_evidence : float
        Log marginal density of the residuals, log(1/MeV).
    """

    parameters: FloatArray
    points: FloatArray
    cholesky: FloatArray
    coefficients: FloatArray
    log_evidence: float

    def at(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Mean and standard deviation of the residual, nugget included, at points (m, 2); MeV."""
        across = _covariance(points, self.points, self.parameters)
        mean = across @ self.coefficients
        solved = linalg.solve_triangular(self.cholesky, across.T, lower=True)
        amplitude, _, _, nugget = self.parameters
        variance = amplitude**2 - (solved**2).sum(axis=0) + nugget**2
        return mean, np.sqrt(np.maximum(variance, nugget**2))


@dataclass(frozen=True)
class FittedProcesses:
    """One or more models with their residual processes.

    Parameters
    ----------
    positions : tuple of int
        Of the models among the components.
    processes : tuple of Process
        Of these models.
    log_weight : array (model,)
        Logarithms of the models' weights.
    facts : dict
        What was learnt.
    """

    positions: tuple[int, ...]
    processes: tuple[Process, ...]
    log_weight: FloatArray
    facts: dict[str, Any]

    def forecast(self, theory: xr.Dataset, seed: int) -> MixtureForecast:
        """Predict the nuclei that any of the models covers, weights renormalised."""
        points = _points(theory["Z"].to_numpy(), theory["N"].to_numpy())
        corrections = [each.at(points) for each in self.processes]
        mean, sd = (np.stack(each) for each in zip(*corrections, strict=True))
        centre = masses_of(theory).T[list(self.positions)] + mean
        return MixtureForecast(theory, centre, sd, self.log_weight[:, None], seed=seed)


class ResidualProcess(Settings):
    """A model with a Gaussian process of its residuals, or all of them weighed by evidence.

    Parameters
    ----------
    model : str, optional
        Name of a component, learnt on all nuclei that it covers.  By default every model is
        corrected, on the nuclei that all of them cover, and they are mixed.
    weights : {"evidence", "equal"}
        How: by their marginal likelihoods, or evenly.
    """

    method: Literal["residual-process"] = "residual-process"
    model: str | None = None
    weights: Literal["evidence", "equal"] = "evidence"

    @property
    def variant(self) -> str:
        """Name of the method, with the model."""
        return f"{self.model} + GP" if self.model else f"residual-process ({self.weights})"

    def fit(self, measured: pd.DataFrame, theory: xr.Dataset, seed: int = 0) -> FittedProcesses:
        """Maximise the marginal likelihoods; see `bmm.rivals.interface.Method`."""
        training = training_data(measured, theory, common=self.model is None)
        positions = (
            tuple(range(len(training.models)))
            if self.model is None
            else (position_of(self.model, training.models),)
        )
        processes = tuple(_fit_model(training, k) for k in positions)
        evidence = np.array([each.log_evidence for each in processes])
        names = [training.models[k] for k in positions]
        parameters = ("amplitude_MeV", "rho_Z", "rho_N", "nugget_MeV")
        facts = {
            "n_training": len(processes[0].points),
            "n_lost": len(measured) - len(processes[0].points),
            "log_evidence": dict(zip(names, evidence.tolist(), strict=True)),
            "processes": {
                name: dict(zip(parameters, process.parameters.tolist(), strict=True))
                for name, process in zip(names, processes, strict=True)
            },
        }
        log_weight = evidence if self.weights == "evidence" else np.zeros(len(positions))
        return FittedProcesses(positions, processes, log_weight, facts)


def _fit_model(training: Training, k: int) -> Process:
    deviation = training.deviation[:, k]
    kept = np.isfinite(deviation)
    points = _points(training.Z[kept], training.N[kept])
    return fit_process(points, deviation[kept], training.known_sd[kept, k])


def fit_process(points: FloatArray, residual: FloatArray, known_sd: FloatArray) -> Process:
    """Find the hyperparameters and condition the process.

    Parameters
    ----------
    points : array (n, 2)
        Z and N.
    residual, known_sd : array (n,)
        Measured minus predicted mass excess, and the spread known beforehand, MeV.

    Raises
    ------
    DataError
        If there are fewer than five residuals.
    """
    if len(residual) < 5:
        raise DataError(
            f"a residual process needs at least 5 nuclei; the model has {len(residual)}"
        )
    found = optimize.minimize(
        negative_evidence,
        np.log(_START),
        args=(points, residual, known_sd**2),
        jac=True,
        method="L-BFGS-B",
        bounds=np.log(_BOUNDS).tolist(),
        options={"maxfun": _EVALUATIONS, "ftol": _TOLERANCE},
    )
    parameters = np.exp(found.x)
    cholesky = linalg.cholesky(_noisy(points, parameters, known_sd**2), lower=True)
    coefficients = linalg.cho_solve((cholesky, True), residual)
    return Process(parameters, points, cholesky, coefficients, -float(found.fun))


def negative_evidence(
    log_parameters: FloatArray, points: FloatArray, residual: FloatArray, variance: FloatArray
) -> tuple[float, FloatArray]:
    """Minus the log marginal likelihood, and its gradient.

    Parameters
    ----------
    log_parameters : array (4,)
        Logarithms of sqrt(eta), rho_Z, rho_N and the nugget.
    points : array (n, 2)
        Z and N.
    residual, variance : array (n,)
        Residuals and their known variances, MeV and MeV^2.

    Returns
    -------
    float, array (4,)
        In units of log(1/MeV).
    """
    parameters = np.exp(log_parameters)
    kernel = _covariance(points, points, parameters)
    noisy = kernel.copy()
    noisy[np.diag_indices_from(noisy)] += variance + parameters[3] ** 2
    cholesky = linalg.cholesky(noisy, lower=True, overwrite_a=True, check_finite=False)
    coefficients = linalg.cho_solve((cholesky, True), residual, check_finite=False)
    half_log_determinant = np.log(np.diag(cholesky)).sum()
    value = 0.5 * residual @ coefficients + half_log_determinant
    value += 0.5 * len(residual) * np.log(2 * np.pi)
    lower, _ = lapack.dpotri(cholesky, lower=1, overwrite_c=1)  # of the inverse covariance
    # d value / d theta = tr[(K^-1 - a a^T) dK / d theta] / 2, by the lower triangle: the diagonal
    # has its own factor, the rest counts twice.
    inner = np.tril(lower - np.outer(coefficients, coefficients)) * np.tril(kernel)
    diagonal = np.diag(lower) - coefficients**2
    distance = [(points[:, None, i] - points[None, :, i]) ** 2 for i in range(2)]
    gradient = [
        2 * (inner.sum() - 0.5 * np.diag(inner).sum()),
        *((inner * distance[i]).sum() / parameters[1 + i] ** 2 for i in range(2)),
        diagonal.sum() * parameters[3] ** 2,
    ]
    return float(value), np.array(gradient)


def _covariance(first: FloatArray, second: FloatArray, parameters: FloatArray) -> FloatArray:
    """Covariance of the smooth part, array (len(first), len(second)), MeV^2."""
    scaled = [x / parameters[1:3] for x in (first, second)]
    squares = sum((scaled[0][:, None, i] - scaled[1][None, :, i]) ** 2 for i in range(2))
    return np.asarray(parameters[0] ** 2 * np.exp(-0.5 * np.asarray(squares)))


def _noisy(points: FloatArray, parameters: FloatArray, variance: FloatArray) -> FloatArray:
    covariance = _covariance(points, points, parameters)
    covariance[np.diag_indices_from(covariance)] += variance + parameters[3] ** 2
    return covariance


def _points(Z: npt.NDArray[np.int64], N: npt.NDArray[np.int64]) -> FloatArray:
    return np.stack([Z, N], axis=1).astype(np.float64)
