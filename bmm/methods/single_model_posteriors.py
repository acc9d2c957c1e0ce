"""Every model by itself with its own noise: what BMA and stacking weigh against each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import xarray as xr

from bmm.arrays import FloatArray
from bmm.distributions import StudentTMixture, student_t
from bmm.errors import ConfigError
from bmm.methods.evidence import NoiseFamily, SpreadPosterior, spread_posterior
from bmm.methods.interface import Method
from bmm.methods.mixture_forecast import MixtureForecast
from bmm.methods.training_arrays import Training, masses_of, training_data

__all__ = ["SingleModelPosteriors", "WeighedMethod"]


_NEGLIGIBLE = 1e-6


class WeighedMethod(Method):
    """Options of the methods that weigh models, each with its own noise.

    Parameters
    ----------
    noise : {"student_t", "normal"}, default "student_t"
        Deviations of measured masses from a model: Student-t(4), as in bmm's mixture, or normal.
        The spread of each model has the mixture's prior, LogNormal(log 4, 0.8) in units of 100 keV
        (`bmm.methods.evidence.broad_prior`), and its posterior is integrated over.
    """

    noise: Literal["student_t", "normal"] = "student_t"

    @property
    def variant(self) -> str:
        """Name of the method, with the noise if it is not the default one."""
        return super().variant if self.noise == "student_t" else f"{super().variant} (normal)"

    @property
    def noise_family(self) -> NoiseFamily:
        """The noise, for the evidence."""
        return NoiseFamily(nu=student_t.NU if self.noise == "student_t" else float("inf"))


@dataclass(frozen=True)
class SingleModelPosteriors:
    """Models, each fitted by its spread alone to the nuclei that all of them cover.

    Parameters
    ----------
    training : Training
        The n nuclei and K models.
    noise : NoiseFamily
        Of every model.
    posteriors : tuple of SpreadPosterior
        For each model.
    """

    training: Training
    noise: NoiseFamily
    posteriors: tuple[SpreadPosterior, ...]

    @classmethod
    def fit(
        cls, measured: pd.DataFrame, theory: xr.Dataset, noise: NoiseFamily
    ) -> SingleModelPosteriors:
        """Find the posterior of each spread; see `bmm.methods.interface.Method`.

        Raises
        ------
        DataError
            If a measured nucleus is not among the predicted ones, or none is covered by every
            model.
        ConfigError
            If an evidence cannot be computed; the message names the model.
        """
        training = training_data(measured, theory)
        known_sd, A = training.known_sd, training.Z + training.N
        posteriors = []
        for k, name in enumerate(training.models):
            try:
                posteriors.append(
                    spread_posterior(training.deviation[:, k], known_sd[:, k], A, noise)
                )
            except ConfigError as error:
                raise ConfigError(f"model {name}: {error}") from error
        return cls(training, noise, tuple(posteriors))

    @property
    def log_evidence(self) -> FloatArray:
        """Log evidence of each model, array (K,); see `bmm.methods.evidence.log_evidence`."""
        return np.array([each.log_evidence for each in self.posteriors])

    @property
    def spreads(self) -> dict[str, float]:
        """Posterior mean of each model's spread in total energy at A = 100, MeV."""
        means = [each.sigma @ each.weight for each in self.posteriors]
        return self.training.named(self.noise.unit(100) * means)

    def log_likelihood(self, k: int, sigma: FloatArray) -> FloatArray:
        """Log density of the training masses under model k, array (len(sigma), n), log(1/MeV)."""
        training = self.training
        unit = self.noise.unit(training.Z + training.N)
        known_sd = training.known_sd[:, k] if self.noise.measurement else 0.0
        scale = np.hypot(np.multiply.outer(sigma, unit), known_sd)
        return student_t.log_density(training.deviation[:, k], scale, self.noise.nu)

    def leave_one_out(self) -> FloatArray:
        """Log predictive density of each mass, learnt from all others; array (n, K), log(1/MeV).

        Exact on the grid of the spread: 1 / p(y_i | others) is the posterior mean of
        1 / p(y_i | sigma).
        """
        columns = []
        for k, posterior in enumerate(self.posteriors):
            kept = posterior.weight > 0
            joint = np.log(posterior.weight[kept])[:, None] - self.log_likelihood(
                k, posterior.sigma[kept]
            )
            columns.append(-np.logaddexp.reduce(joint, axis=0))
        return np.stack(columns, axis=1)

    def forecast(self, theory: xr.Dataset, log_weight: FloatArray, seed: int) -> MixtureForecast:
        """Mix the models' own predictive distributions.

        A nucleus that a model leaves out is predicted by the others, weights renormalised.

        Parameters
        ----------
        theory : Dataset
            The nuclei to predict.
        log_weight : array (K,) or (nucleus, K)
            Logarithms of the weights, up to a constant.
        seed : int
            Of the draws.
        """
        masses, A = masses_of(theory), (theory["Z"] + theory["N"]).to_numpy()
        stated = np.nan_to_num(theory["mass_excess_sd"].transpose("nucleus", "theory").to_numpy())
        if not self.noise.measurement:
            stated = np.zeros_like(stated)
        log_weight = np.broadcast_to(log_weight, masses.shape)
        parts = []
        for k, posterior in enumerate(self.posteriors):
            kept = posterior.weight > _NEGLIGIBLE
            weights = np.log(posterior.weight[kept]) + log_weight[:, [k]]
            own = np.multiply.outer(self.noise.unit(A), posterior.sigma[kept])
            scale = np.hypot(own, stated[:, [k]])
            parts.append((np.broadcast_to(masses[:, [k]], scale.shape), scale, weights))
        centre, scale, weights = (np.concatenate(each, axis=1) for each in zip(*parts, strict=True))
        distribution = StudentTMixture(centre, scale, nu=self.noise.nu, log_weight=weights)
        return MixtureForecast(theory, distribution, seed)
