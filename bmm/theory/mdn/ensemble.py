"""A trained ensemble of networks, evaluated by numpy alone.

Member m predicts a mixture of Gaussians,

    mean = offset + coefficients . x + scale [skip_m . x + f_m(x)],    x: standardised features,

with a fully connected network f_m; the ensemble is the mixture of its members.  Members know too
little of their errors where they have not been trained, so every variance s^2 becomes
(stretch s)^2 + floor^2, the two fitted to nuclei that the members have not seen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import optimize, special

from bmm.arrays import FloatArray, IntArray
from bmm.distributions import StudentTMixture, student_t
from bmm.nuclides import nuclide_index, numbers
from bmm.theory.mdn.features import feature_matrix
from bmm.theory.mdn.mdn_settings import MdnSettings

__all__ = ["SMALLEST_SPREAD", "Calibration", "Ensemble", "Mixture", "calibrate"]


SMALLEST_SPREAD = 0.01
"""Smallest spread of a Gaussian, in units of the spread of the linear fit's residuals."""

_CHUNK = 4000
_LEAST = 0.25


@dataclass(frozen=True)
class Mixture:
    """A mixture of G Gaussians for each of n nuclei.

    Parameters
    ----------
    means, sds, weights : array (G, n)
        Of mass excess, MeV; the weights of a nucleus sum to one.

    Examples
    --------
    Two Gaussians of equal weight, 1 MeV apart:

    >>> import numpy as np
    >>> from bmm.theory.mdn.ensemble import Mixture
    >>> mixture = Mixture(np.array([[-80.5, -79.5]]), np.full((1, 2), 0.5), np.full((1, 2), 0.5))
    >>> mixture.mean, mixture.sd.round(4)
    (array([-80.5, -79.5]), array([0.5, 0.5]))
    """

    means: FloatArray
    sds: FloatArray
    weights: FloatArray

    @property
    def distribution(self) -> StudentTMixture:
        """The mixture, to be asked for quantiles and scores; MeV."""
        return StudentTMixture(self.means.T, self.sds.T, self.weights.T)

    @property
    def mean(self) -> FloatArray:
        """Mean, array (n,), MeV."""
        return self.distribution.mean

    @property
    def sd(self) -> FloatArray:
        """Standard deviation, array (n,), MeV."""
        return self.distribution.sd

    def log_density(self, mass: FloatArray, uncertainty: FloatArray) -> FloatArray:
        """Log density of measured masses, array (n,), log(1/MeV)."""
        return self.distribution.widened(uncertainty).log_density(mass)

    def pit(self, mass: FloatArray, uncertainty: FloatArray) -> FloatArray:
        """Predicted probability of less than the measured masses, array (n,)."""
        return self.distribution.widened(uncertainty).cdf(mass)

    def coverage(self, mass: FloatArray, uncertainty: FloatArray, level: float) -> float:
        """Share of measured masses inside the central interval of that probability."""
        return float((2 * np.abs(self.pit(mass, uncertainty) - 0.5) <= level).mean())

    def calibrated(self, by: Calibration) -> Mixture:
        """With every variance s^2 made (stretch s)^2 + floor^2."""
        return Mixture(self.means, np.hypot(by.stretch * self.sds, by.floor), self.weights)


@dataclass(frozen=True)
class Calibration:
    """What turns the members' spreads into those of their errors.

    Parameters
    ----------
    stretch : float
        Factor.
    floor : float
        Added in quadrature, MeV.

    Examples
    --------
    >>> from bmm.theory.mdn.ensemble import Calibration
    >>> Calibration(stretch=2.0, floor=0.3)
    Calibration(stretch=2.0, floor=0.3)
    """

    stretch: float = 1.0
    floor: float = 0.0


def calibrate(
    mixture: Mixture, mass: FloatArray, uncertainty: FloatArray, shrink: float = 1.0
) -> Calibration:
    """Find the calibration with the smallest mean CRPS on masses that were not learnt from.

    The CRPS is that of the normal distribution with the mixture's mean and standard deviation.
    The likelihood would rather cover the few large errors, and be too wide for all others.

    Parameters
    ----------
    mixture : Mixture
        As the members predict it.
    mass, uncertainty : array (n,)
        Measured, MeV.
    shrink : float, default 1
        Factor on the deviations; see `Ensemble.all_over_few`.

    Examples
    --------
    Members that agree within 0.1 MeV, and errors of 0.5 MeV:

    >>> import numpy as np
    >>> from bmm.theory.mdn.ensemble import Mixture, calibrate
    >>> rng = np.random.default_rng(3)
    >>> one = np.ones((300, 1))
    >>> agreed = Mixture(0 * one, 0.1 * one, one)
    >>> found = calibrate(agreed, 0.5 * rng.normal(size=300), np.zeros(300))
    >>> bool(found.stretch > 1 or found.floor > 0.1)
    True
    """

    def cost(logs: FloatArray) -> float:
        stretch, floor = np.exp(logs)
        spread = mixture.calibrated(Calibration(stretch, floor))
        sd = np.hypot(spread.sd, uncertainty)
        crps = student_t.crps(shrink * (mass - spread.mean), sd, np.inf)
        # Weak pulls keep both finite where the data do not care.
        return float(crps.mean()) + 1e-4 * float(logs @ logs)

    found = optimize.minimize(cost, np.log([1.0, 0.1]), method="Nelder-Mead")
    return Calibration(*(float(each) for each in np.exp(found.x)))


@dataclass(frozen=True)
class Ensemble:
    """M trained networks.

    Parameters
    ----------
    settings : MdnSettings
        What they were trained with.
    centre, spread : array (feature,)
        Standardise the features.
    offset : float
        Of the linear fit, MeV.
    coefficients : array (feature,)
        Of the linear fit, MeV.
    scale : float
        Unit of the networks' output, MeV.
    skip : array (M, feature)
        Each member's change of the linear fit, in units of the scale.
    matrices, biases : tuple of array (M, out, in) and (M, out)
        Layers; the last gives logits, means and spreads of the components.
    Z, N : int array (n,)
        The training nuclei.
    fold : int array (n,)
        Fold in which a training nucleus is held out; -1 without folds.
    validates : bool array (M, n)
        Which training nuclei a member was validated on.
    calibration : Calibration
        Fitted to nuclei that the members have not seen.
    log_weight : array (M,)
        Logarithms of the members' weights, which sum to one.
    """

    settings: MdnSettings
    centre: FloatArray
    spread: FloatArray
    offset: float
    coefficients: FloatArray
    scale: float
    skip: FloatArray
    matrices: tuple[FloatArray, ...]
    biases: tuple[FloatArray, ...]
    Z: IntArray
    N: IntArray
    fold: IntArray
    validates: npt.NDArray[np.bool]
    calibration: Calibration
    log_weight: FloatArray

    @property
    def training(self) -> pd.MultiIndex:
        """The training nuclei (Z, N)."""
        return nuclide_index(self.Z, self.N)

    def raw(self, features: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Means and spreads (MeV) and shares of the members' Gaussians, each (M, C, n)."""
        x = (features - self.centre) / self.spread
        C = self.settings.components
        hidden = np.broadcast_to(x, (len(self.skip), *x.shape))
        for matrix, bias in zip(self.matrices, self.biases, strict=True):
            if matrix is not self.matrices[0]:
                hidden = np.tanh(hidden)
            hidden = hidden @ matrix.transpose(0, 2, 1) + bias[:, None]
        out = hidden.transpose(0, 2, 1)
        linear = self.offset + x @ self.coefficients + self.scale * (self.skip @ x.T)
        means = linear[:, None] + self.scale * out[:, C : 2 * C]
        sds = self.scale * (np.logaddexp(0, out[:, 2 * C :]) + SMALLEST_SPREAD)
        return means, sds, special.softmax(out[:, :C], axis=1)

    def member_means(self, features: FloatArray) -> FloatArray:
        """Mean mass excess of each member, array (M, n), MeV, from raw features (n, feature)."""
        means, _, shares = self.raw(features)
        return np.asarray((shares * means).sum(axis=1))

    def predict(self, nuclei: pd.Index, *, out_of_fold: bool = False) -> Mixture:
        """Predictive distribution.

        Parameters
        ----------
        nuclei : MultiIndex (Z, N)
            Any nuclei.
        out_of_fold : bool, default False
            Predict a training nucleus by the members that it was held out from, and only them;
            with no folds, by all.
        """
        used = np.ones((len(self.skip), len(nuclei)), dtype=bool)
        if out_of_fold and self.settings.folds:
            rows = self.training.get_indexer(nuclei)
            held = self._held_out()[:, rows]
            used = np.where(rows >= 0, held, True)
        return self._mixture(nuclei, used).calibrated(self.calibration)

    def _held_out(self) -> npt.NDArray[np.bool]:
        """Which training nuclei each member was not given, array (M, n)."""
        folds = max(self.settings.folds, 1)
        member = np.arange(len(self.skip)) % folds
        return np.asarray(self.fold == member[:, None])

    def unseen(self) -> tuple[Mixture, npt.NDArray[np.bool]]:
        """Uncalibrated predictions of training nuclei by members that have not learnt from them.

        Returns
        -------
        mixture : Mixture
            Of the held-out nuclei, or without folds of the validation nuclei.
        kept : bool array (n,)
            Which of the training nuclei these are.
        """
        used = self._held_out() if self.settings.folds else self.validates
        kept = used.any(axis=0)
        return self._mixture(self.training[kept], used[:, kept]), kept

    def all_over_few(self, mass: FloatArray) -> float:
        """Factor by which all members together err less than those that calibrate.

        Without folds, a nucleus calibrates by the K members that were validated on it, and others
        are predicted by all M, whose mean errs less, in square by the variance among members
        times 1/K - 1/M.  With folds, training nuclei are predicted by as many members as
        calibrate, and the factor is one.

        Parameters
        ----------
        mass : array (n,)
            Measured masses of the training nuclei, MeV.
        """
        if self.settings.folds:
            return 1.0
        K = self.validates.sum(axis=0)
        several = K > 1
        if not several.any():
            return 1.0
        K, used = K[several], self.validates[:, several]
        Z, N = self.Z[several], self.N[several]
        means = self.member_means(feature_matrix(Z, N, self.settings.features))
        centre = (used * means).sum(axis=0) / K
        # Medians of squares, for both have heavy tails.
        among = np.median((((means - centre) ** 2) * K / (K - 1))[used])
        less = among * (np.mean(1 / K) - 1 / len(self.skip))
        ratio = less / np.median((mass[several] - centre) ** 2)
        return float(np.sqrt(max(1 - ratio, _LEAST)))

    def _mixture(self, nuclei: pd.Index, used: npt.NDArray[np.bool]) -> Mixture:
        Z, N = numbers(nuclei)
        features = feature_matrix(Z, N, self.settings.features)
        parts = [
            self.raw(features[start : start + _CHUNK]) for start in range(0, len(Z), _CHUNK)
        ] or [self.raw(features)]
        means, sds, shares = (np.concatenate(part, axis=2) for part in zip(*parts, strict=True))
        weight = np.exp(self.log_weight)[:, None] * used
        weight = weight / weight.sum(axis=0)
        flat = (-1, len(Z))
        return Mixture(
            means.reshape(flat), sds.reshape(flat), (weight[:, None] * shares).reshape(flat)
        )
