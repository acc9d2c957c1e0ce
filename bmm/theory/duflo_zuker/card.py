"""Cards of Duflo-Zuker formulas."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import NonNegativeInt, model_validator

from bmm.theory.adapters import TheoryModel
from bmm.theory.cards import Card
from bmm.theory.duflo_zuker.adapter import DufloZukerFamily, DufloZukerFormula
from bmm.theory.duflo_zuker.coefficients import Target
from bmm.theory.duflo_zuker.dz10 import Kind
from bmm.theory.duflo_zuker.occupations import Family

__all__ = ["DufloZukerCard"]

_FORMULA_COEFFICIENTS = {
    "DZ10": ("published", "amdc-table", "mendoza-temis-2010", "refit"),
    "DZ33": ("published", "refit"),
}
_LEARNT = ("refit", "joint", "individual")


class DufloZukerCard(Card):
    """A Duflo-Zuker formula, or an occupation family of DZ10.

    Parameters
    ----------
    formula : {"DZ10", "DZ33", "family"}
        Which energies; "family" gives one component for each configuration.
    coefficients : str
        "published" or another named set, "refit", and for a family "joint" or "individual".
    fit_to : {"B", "B/A"}, default "B"
        The quantity whose residuals a fit minimises.
    family : {"SO", "SO-core", "SO-up", "HO"}, optional
        Closure that the promoted nucleons cross.
    configurations : list of [k_pi, k_nu], optional
        Promoted protons and neutrons of each component.
    kind : {"D", "S"}, default "D"
        Deformed-type or spherical-type energies of the promoted configurations.
    calibrated_on : str
        Latest AME edition that informed a published set; "training" for learnt coefficients,
        which are blind to everything but the training nuclei.
    """

    adapter: Literal["duflo_zuker"]
    formula: Literal["DZ10", "DZ33", "family"]
    coefficients: Literal[
        "published", "amdc-table", "mendoza-temis-2010", "refit", "joint", "individual"
    ]
    fit_to: Target = "B"
    family: Family | None = None
    configurations: tuple[tuple[NonNegativeInt, NonNegativeInt], ...] = ()
    kind: Kind = "D"

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.formula == "family":
            if self.family is None or not self.configurations:
                raise ValueError("formula 'family' needs the keys 'family' and 'configurations'")
            if len(set(self.configurations)) < len(self.configurations):
                raise ValueError("key 'configurations': expected each configuration once")
        elif self.family is not None or self.configurations or self.kind != "D":
            raise ValueError(
                "keys 'family', 'configurations' and 'kind' are for formula 'family', "
                f"not for {self.formula!r}"
            )
        elif self.coefficients not in _FORMULA_COEFFICIENTS[self.formula]:
            raise ValueError(
                f"key 'coefficients': {self.formula} has "
                f"{', '.join(map(repr, _FORMULA_COEFFICIENTS[self.formula]))}, "
                f"not {self.coefficients!r}"
            )
        if (self.coefficients in _LEARNT) != (self.calibrated_on == "training"):
            raise ValueError(
                "key 'calibrated_on': expected 'training' if, and only if, the coefficients are "
                f"{', '.join(map(repr, _LEARNT))}"
            )
        return self

    def build(self) -> TheoryModel:
        """Build the formula, or the family of its configurations."""
        if self.formula == "family":
            assert self.family is not None  # the card is validated
            return DufloZukerFamily(
                name=self.name,
                family=self.family,
                configurations=self.configurations,
                kind=self.kind,
                coefficients=self.coefficients,
                target=self.fit_to,
                domain=self.domain,
            )
        return DufloZukerFormula(
            name=self.name,
            formula=self.formula,
            coefficients=self.coefficients,
            target=self.fit_to,
            domain=self.domain,
        )
