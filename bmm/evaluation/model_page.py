"""One model at a glance: what it covers, and how far off it is where."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from bmm.data import find_suspects, load_measured
from bmm.errors import DataError
from bmm.evaluation.region_scores import calibration_regions, chart_regions, region_scores
from bmm.nuclides import nuclide_index, numbers
from bmm.theory.cards import Card
from bmm.theory.tabulated import TableModel

__all__ = ["ComponentPage", "ModelPage", "model_page"]

_LIGHTEST = 8


@dataclass(frozen=True)
class ComponentPage:
    """One component of a model.

    Parameters
    ----------
    name : str
        Of the component.
    errors : Series
        Predicted minus measured mass excess, MeV, indexed (Z, N); of the nuclei that it covers.
    regions : DataFrame
        By region of the chart, see `bmm.evaluation.region_scores`.
    calibration : DataFrame
        Likewise, of what the model may have known and of what was measured later; empty where
        that cannot be distinguished.
    """

    name: str
    errors: pd.Series[float]
    regions: pd.DataFrame
    calibration: pd.DataFrame


@dataclass(frozen=True)
class ModelPage:
    """One model.

    Parameters
    ----------
    card : Card
        Its card.
    table : MultiIndex (Z, N) or None
        Nuclei of its table; None for a formula.
    components : list of ComponentPage
        Its mixture components.
    suspects : DataFrame
        Masses of the table that do not fit their neighbours; see `bmm.data.find_suspects`.
    """

    card: Card
    table: pd.MultiIndex | None
    components: list[ComponentPage]
    suspects: pd.DataFrame


def model_page(card: Card, measured: str) -> ModelPage:
    """Compare a model with measured masses of Z, N >= 8.

    A model that learns is fitted to these masses, and its errors are those of a fit.

    Parameters
    ----------
    card : Card
        The model.
    measured : str
        Evaluation, or the file of measured masses.

    Raises
    ------
    DataError
        If the model's table cannot be used, or the model takes minutes to train.
    """
    if card.is_trained:
        raise DataError(f"{card.name} is trained, which takes minutes; see bmm train-mdn")
    masses = load_measured(measured)
    Z, N = numbers(masses.index)
    masses = masses[(Z >= _LIGHTEST) & (N >= _LIGHTEST)]
    nuclei = nuclide_index(*numbers(masses.index))
    model = card.build()
    predicted = model.fit(masses).predict(nuclei)["mass_excess"].transpose("nucleus", "theory")
    errors = predicted.to_numpy() - masses[["mass_excess"]].to_numpy()
    regions = chart_regions(nuclei)
    known = calibration_regions(nuclei, card.calibrated_on, measured)
    components = [
        ComponentPage(
            name,
            pd.Series(errors[:, k], index=nuclei)[np.isfinite(errors[:, k])],
            region_scores(errors[:, k], regions),
            region_scores(errors[:, k], known),
        )
        for k, name in enumerate(model.components)
    ]
    if not isinstance(model, TableModel):
        return ModelPage(card, None, components, pd.DataFrame())
    index = nuclide_index(*numbers(model.masses.index))
    return ModelPage(card, index, components, find_suspects(model.masses["mass_excess"]))
