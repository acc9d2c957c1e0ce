"""The Duflo-Zuker formulas as theory models.

Binding energies become mass excesses with the 1H and neutron masses of AME2020.  The published
sets were made with those of 1995, which are 0.06 keV larger: a few keV in a heavy nucleus.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from bmm.conversions import binding_energy, mass_excess
from bmm.nuclides import numbers
from bmm.theory.adapters import Domain, prediction, training_masses
from bmm.theory.duflo_zuker import dz10, dz33
from bmm.theory.duflo_zuker.coefficients import (
    PUBLISHED_DZ10,
    Target,
    TrainingEnergies,
    fit_individual,
    fit_joint,
    fit_with_switch,
)
from bmm.theory.duflo_zuker.filling import FloatArray, IntArray
from bmm.theory.duflo_zuker.occupations import Family

__all__ = ["DufloZukerFamily", "DufloZukerFormula", "FittedDufloZuker"]


class _Formula(NamedTuple):
    """A formula with a spherical and a deformed branch."""

    spherical: Callable[[npt.ArrayLike, npt.ArrayLike], FloatArray]
    deformed: Callable[[npt.ArrayLike, npt.ArrayLike], FloatArray]
    published: dict[str, FloatArray]


_FORMULAS = {
    "DZ10": _Formula(dz10.spherical_design, dz10.deformed_design, PUBLISHED_DZ10),
    "DZ33": _Formula(
        dz33.spherical_design, dz33.deformed_design, {"published": dz33.PUBLISHED_DZ33}
    ),
}


@dataclass(frozen=True)
class DufloZukerFormula:
    """DZ10 or DZ33, with the spherical/deformed switch.

    Parameters
    ----------
    name : str
        Name of the model and of its only component.
    formula : {"DZ10", "DZ33"}
        Which formula.
    coefficients : str
        Name of a published set, or ``"refit"`` to learn them through the switch.
    target : {"B", "B/A"}
        The quantity a refit minimises the residuals of.
    domain : Domain
        Nuclei to learn from and to predict.
    """

    name: str
    formula: Literal["DZ10", "DZ33"]
    coefficients: str
    target: Target
    domain: Domain

    @property
    def components(self) -> tuple[str, ...]:
        """The model's name."""
        return (self.name,)

    def fit(self, training: pd.DataFrame) -> FittedDufloZuker:
        """Learn the coefficients from the training nuclei, or take the published ones."""
        published = _FORMULAS[self.formula].published
        if self.coefficients in published:
            b = published[self.coefficients]
        else:
            b = _refit(self.formula, _energies(training, self.domain, self.target))
        return FittedDufloZuker(self, b)

    def energies(self, Z: IntArray, N: IntArray, b: FloatArray) -> FloatArray:
        """Binding energy, MeV; array (n, 1)."""
        compute = dz10.binding_energy if self.formula == "DZ10" else dz33.binding_energy
        return compute(Z, N, b)[:, None]


@dataclass(frozen=True)
class DufloZukerFamily:
    """Configurations of an occupation family of DZ10, one mixture component each.

    Parameters
    ----------
    name : str
        Name of the model; its components are called ``name(k_pi,k_nu)``.
    family : {"SO", "SO-core", "SO-up", "HO"}
        Closure that the promoted nucleons cross.
    configurations : tuple of (int, int)
        Promoted protons and neutrons of each component.
    kind : {"D", "S"}
        Deformed-type or spherical-type energies.
    coefficients : str
        Name of a published DZ10 set, shared; ``"refit"`` (of DZ10, shared); ``"joint"`` (shared,
        fitted to the best configuration of each nucleus); ``"individual"`` (one fit each).
    target : {"B", "B/A"}
        The quantity a fit minimises the residuals of.
    domain : Domain
        Nuclei to learn from and to predict.
    """

    name: str
    family: Family
    configurations: tuple[tuple[int, int], ...]
    kind: dz10.Kind
    coefficients: str
    target: Target
    domain: Domain

    @property
    def components(self) -> tuple[str, ...]:
        """One name for each configuration."""
        return tuple(f"{self.name}({k_pi},{k_nu})" for k_pi, k_nu in self.configurations)

    def fit(self, training: pd.DataFrame) -> FittedDufloZuker:
        """Learn the coefficients from the training nuclei, or take the published ones."""
        if self.coefficients in PUBLISHED_DZ10:
            return FittedDufloZuker(self, PUBLISHED_DZ10[self.coefficients])
        energies = _energies(training, self.domain, self.target)
        designs = self.designs(energies.Z, energies.N)
        if self.coefficients == "individual":
            fits = [
                fit_individual(energies, design, self._terms(configuration))
                for design, configuration in zip(designs, self.configurations, strict=True)
            ]
            return FittedDufloZuker(self, np.stack(fits))
        b = _refit("DZ10", energies)
        return FittedDufloZuker(
            self, fit_joint(energies, designs, b) if self.coefficients == "joint" else b
        )

    def designs(self, Z: IntArray, N: IntArray) -> FloatArray:
        """Design matrix of each configuration; array (configuration, n, 10)."""
        return np.stack(
            [
                dz10.design(Z, N, family=self.family, configuration=each, kind=self.kind)
                for each in self.configurations
            ]
        )

    def energies(self, Z: IntArray, N: IntArray, b: FloatArray) -> FloatArray:
        """Binding energies, MeV, from shared (10,) or own (m, 10) coefficients; array (n, m)."""
        own = np.broadcast_to(b, (len(self.configurations), len(dz10.TERMS)))
        return np.asarray(np.einsum("mnk,mk->nm", self.designs(Z, N), own))

    def _terms(self, configuration: tuple[int, int]) -> IntArray:
        spherical = self.kind == "S" or configuration == (0, 0)
        return dz10.SPHERICAL_TERMS if spherical else dz10.DEFORMED_TERMS


@dataclass(frozen=True)
class FittedDufloZuker:
    """A Duflo-Zuker model with its coefficients.

    Parameters
    ----------
    model : DufloZukerFormula or DufloZukerFamily
        The model.
    b : array (term,) or (component, term)
        Coefficients, MeV.
    """

    model: DufloZukerFormula | DufloZukerFamily
    b: FloatArray

    @property
    def components(self) -> tuple[str, ...]:
        """Names of the mixture components."""
        return self.model.components

    def predict(self, nuclei: pd.MultiIndex) -> xr.Dataset:
        """Predict masses; see `bmm.theory.adapters.FittedTheory`."""
        inside = self.model.domain.covers(nuclei)
        Z, N = numbers(nuclei[inside])
        masses = np.full((len(nuclei), len(self.components)), np.nan)
        masses[inside] = mass_excess(Z[:, None], N[:, None], self.model.energies(Z, N, self.b))
        return prediction(nuclei, self.components, masses)


def _energies(training: pd.DataFrame, domain: Domain, target: Target) -> TrainingEnergies:
    masses = training_masses(training, domain)
    Z, N = numbers(masses.index)
    return TrainingEnergies(Z, N, binding_energy(Z, N, masses.to_numpy()), target)


def _refit(formula: str, energies: TrainingEnergies) -> FloatArray:
    Z, N = energies.Z, energies.N
    spherical, deformed, published = _FORMULAS[formula]
    return fit_with_switch(
        energies,
        spherical(Z, N),
        deformed(Z, N),
        may_deform=Z > dz10.LAST_SPHERICAL_Z,
        start=published["published"],
    )
