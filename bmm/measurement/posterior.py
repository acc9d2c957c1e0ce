"""Errors of the stated masses of an evaluation, inferred with theory as evidence.

The prior of the links comes from earlier revisions.  The evidence is the residual field of the
average of the theories (`bmm.theory.residual_field`): where the neighbours of a mass follow it and
the mass does not, an error of the mass is more likely,

    stated - theory = f + nugget - S l.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy import sparse

from bmm.arrays import FloatArray
from bmm.data import find_evaluation, load_differences
from bmm.data.mass_errors import MassErrors
from bmm.errors import DataError
from bmm.gp.lattice_kernel import lattice_points
from bmm.measurement.expectation_propagation import LinkPosterior, MixturePrior, match_moments
from bmm.measurement.link_errors import LinkErrors, learn_link_errors, shared_covariance
from bmm.measurement.links import Links, link_masses, spread_of
from bmm.measurement.scale_mixture import student_t_mixture
from bmm.nuclides import label, labels, nuclide_index, numbers
from bmm.theory.joined import join_masses
from bmm.theory.residual_field import Hyperparameters, fit_residuals

__all__ = [
    "MeasurementErrors",
    "TheoryAverage",
    "infer_measurement_errors",
    "link_posterior",
    "stored_errors",
]


@dataclass(frozen=True, eq=False)
class TheoryAverage:
    """Prediction of n measured masses by the average of the theories.

    Parameters
    ----------
    residual : array (n,)
        Stated mass minus the average, MeV.
    variance : array (n,)
        Known beforehand besides the measurement's: stated by the theories, MeV^2.
    hyperparameters : Hyperparameters
        Of the field of the residuals, found with the stated variances.

    Examples
    --------
    With `measured` and `theory` of the example of `bmm.fit`:

    >>> from bmm.measurement.posterior import TheoryAverage
    >>> from bmm.theory.residual_field import PRIOR, Hyperparameters
    >>> average = TheoryAverage.of(measured, theory, Hyperparameters.of(PRIOR.centre))
    >>> average.residual.shape == (len(measured),)
    True
    """

    residual: FloatArray
    variance: FloatArray
    hyperparameters: Hyperparameters

    @classmethod
    def of(
        cls,
        measured: pd.DataFrame,
        theory: xr.Dataset,
        hyperparameters: Hyperparameters | None = None,
    ) -> TheoryAverage:
        """Average the theories, and find the hyperparameters if they are not given.

        Raises
        ------
        DataError
            If no theory predicts a measured nucleus, or there are fewer than 20.
        """
        joined = join_masses(measured, theory)
        mass, sd = (
            joined[name].to_numpy() for name in ("theory_mass_excess", "theory_mass_excess_sd")
        )
        covered = np.isfinite(mass)
        if not covered.any(axis=1).all():
            Z, N = measured.index[int(np.argmin(covered.any(axis=1)))]
            raise DataError(f"{label(Z, N)} is measured, but no model predicts it")
        average = np.where(covered, mass, 0.0).sum(axis=1) / covered.sum(axis=1)
        stated = np.where(covered, np.nan_to_num(sd) ** 2, 0.0).sum(axis=1) / covered.sum(axis=1)
        residual = joined["mass_excess"].to_numpy() - average
        u = measured["mass_excess_uncertainty"].to_numpy(dtype=np.float64)
        Z, N = numbers(measured.index)
        if hyperparameters is None:
            field = fit_residuals(Z, N, residual, np.sqrt(u**2 + stated))
            hyperparameters = field.hyperparameters
        return cls(residual, stated, hyperparameters)


@dataclass(frozen=True, eq=False)
class MeasurementErrors:
    """Posterior of the errors (true - stated) of n masses.

    Parameters
    ----------
    links : Links
        How they are connected.
    law : LinkErrors
        Prior of such links, from earlier revisions.
    average : TheoryAverage
        Predictions of the theories for the masses.
    posterior : LinkPosterior
        Of the errors of the links.
    """

    links: Links
    law: LinkErrors
    average: TheoryAverage
    posterior: LinkPosterior

    @cached_property
    def errors(self) -> MassErrors:
        """Errors of the masses that replace the stated variances in a residual field.

        The sites of the links and their shared error; the theories' residuals are not in it yet.
        """
        return stored_errors(self.stored)

    @property
    def stored(self) -> xr.Dataset:
        """Compact form of `errors`: arrays of n numbers, not n^2.

        Dims nucleus: parent (row), coefficient, site_mean (MeV), site_variance (MeV^2) and
        shared_sd (MeV); attribute length, in nucleons.
        """
        links, law, sites = self.links, self.law, self.posterior
        Z, N = numbers(links.nuclei)
        columns = {
            "parent": links.parent,
            "coefficient": links.coefficient,
            "site_mean": sites.mean,
            "site_variance": sites.variance,
            "shared_sd": law.shared * links.sd,
        }
        coords = {"nucleus": labels(Z.tolist(), N.tolist()), "Z": ("nucleus", Z)}
        coords["N"] = ("nucleus", N)
        units = {"site_mean": "MeV", "site_variance": "MeV^2", "shared_sd": "MeV"}
        return xr.Dataset(
            {
                name: ("nucleus", values, {"units": units.get(name, "1")})
                for name, values in columns.items()
            },
            coords,
            {"length": law.length},
        )

    @cached_property
    def mean(self) -> FloatArray:
        """Posterior mean (n,) of each error, MeV."""
        return self.errors.shift - self.errors.covariance @ self.posterior.pull

    @cached_property
    def sd(self) -> FloatArray:
        """Posterior standard deviation (n,) of each error, MeV."""
        covariance = self.errors.covariance
        explained = np.einsum("ij,ij->i", covariance @ self.posterior.precision, covariance)
        return np.asarray(np.sqrt(np.maximum(np.diag(covariance) - explained, 1e-12)))

    @property
    def facts(self) -> dict[str, Any]:
        """What was learnt, as plain values."""
        return self.law.facts | {
            "iterations": self.posterior.iterations,
            "at_rest": self.posterior.converged,
        }


def stored_errors(stored: xr.Dataset) -> MassErrors:
    """Errors of masses from what `MeasurementErrors.stored` kept of them."""
    Z, N = (stored[name].to_numpy() for name in ("Z", "N"))
    S = spread_of(stored["parent"].to_numpy(), stored["coefficient"].to_numpy())
    covariance = (S @ sparse.diags_array(stored["site_variance"].to_numpy()) @ S.T).toarray()
    shared = shared_covariance(Z, N, stored["shared_sd"].to_numpy(), stored.attrs["length"])
    covariance += S @ (S @ shared).T
    return MassErrors(nuclide_index(Z, N), S @ stored["site_mean"].to_numpy(), covariance)


def infer_measurement_errors(
    measured: pd.DataFrame,
    theory: xr.Dataset,
    hyperparameters: Hyperparameters | None = None,
) -> MeasurementErrors:
    """Infer the errors of the masses of an evaluation.

    Only evaluations up to this one are read.

    Parameters
    ----------
    measured : DataFrame
        Masses of one shipped evaluation as `bmm.data.load_measured` gives them, some or all.
    theory : Dataset
        Predictions of the theories for these nuclei and any others; see
        `bmm.theory.adapters.prediction`.
    hyperparameters : Hyperparameters, optional
        Of the residual field of the theories' average; found here if they are not given.

    Raises
    ------
    DataError
        If the masses are not those of one evaluation, it has no predecessor to learn from, or a
        nucleus is not predicted.
    """
    evaluation = find_evaluation(measured)
    links = link_masses(measured, load_differences(evaluation))
    law = learn_link_errors(evaluation)
    average = TheoryAverage.of(measured, theory, hyperparameters)
    return MeasurementErrors(links, law, average, link_posterior(links, law, average))


def link_posterior(links: Links, law: LinkErrors, average: TheoryAverage) -> LinkPosterior:
    """Posterior of the errors of the links, by expectation propagation."""
    Z, N = numbers(links.nuclei)
    points = lattice_points(Z, N)
    kernel = average.hyperparameters.kernel
    covariance = kernel(points, points)
    nugget = kernel.nugget_variance(points)
    covariance[np.diag_indices_from(covariance)] += nugget + average.variance
    shared = law.shared_covariance(Z, N, links.sd)
    covariance += links.spread @ (links.spread @ shared).T
    return match_moments(
        link_prior(links, law), covariance, links.spread, average.residual, np.sqrt(nugget)
    )


def link_prior(links: Links, law: LinkErrors) -> MixturePrior:
    """Prior of the own error of each link."""
    weight, widening = student_t_mixture(law.nu)
    scale = law.scale[links.kind] * links.sd
    return MixturePrior(weight, law.shift[links.kind] * links.sd, scale[:, None] ** 2 * widening)
