"""A summary of the models: what each covers and how well it does."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from bmm.nuclides import nuclide_index
from bmm.theory.cards import Card
from bmm.theory.tabulated import TableModel

__all__ = ["summarise_models"]


def summarise_models(cards: Mapping[str, Card], measured: pd.DataFrame) -> pd.DataFrame:
    """Compare every component of every model with measured masses.

    Models that learn are fitted to the measured masses themselves, so their rms is that of a fit
    and not that of a prediction; their `calibrated_on` is "training".  Networks are not trained
    for a summary: their rms is NaN.

    Parameters
    ----------
    cards : mapping of str to Card
        The models, as `bmm.theory.library.find_cards` returns them.
    measured : DataFrame
        Indexed (Z, N), with columns mass_excess and mass_excess_uncertainty in MeV.

    Returns
    -------
    DataFrame
        Indexed (model, component), with columns

        * adapter: the card's adapter
        * table_size: nuclei in the table; missing for a formula
        * covered: how many of the measured nuclei have a prediction, or lie in its domain
        * rms: root-mean-square deviation from these, MeV; NaN if there are none, or no training
        * calibrated_on: data that may have informed the model
        * citation: where it was published

    Examples
    --------
    With `measured` of the example of `bmm.fit`:

    >>> from bmm.theory.library import find_card
    >>> from bmm.theory.model_summary import summarise_models
    >>> table = summarise_models({"HFB24": find_card("HFB24")}, measured)
    >>> int(table["covered"].iloc[0]), bool(0.2 < table["rms"].iloc[0] < 1)
    (235, True)
    """
    rows = [row for card in cards.values() for row in _rows(card, measured)]
    table = pd.DataFrame(rows).astype({"table_size": "Int64"})
    return table.set_index(["model", "component"])


def _rows(card: Card, measured: pd.DataFrame) -> list[dict[str, object]]:
    model = card.build()
    nuclei = nuclide_index(measured.index)
    facts: dict[str, object] = {
        "adapter": card.adapter,
        "table_size": len(model.masses) if isinstance(model, TableModel) else pd.NA,
        "calibrated_on": card.calibrated_on,
        "citation": card.citation,
    }
    if card.is_trained:
        reach = int(card.domain.covers(nuclei).sum())
        return [
            {"model": card.name, "component": card.name, "covered": reach, "rms": np.nan, **facts}
        ]
    predicted = model.fit(measured).predict(nuclei)["mass_excess"]
    errors = predicted.to_numpy() - measured[["mass_excess"]].to_numpy()
    covered = np.isfinite(errors)
    squares = np.where(covered, errors, 0.0) ** 2
    return [
        {
            "model": card.name,
            "component": component,
            "covered": count,
            "rms": np.sqrt(total / count) if count else np.nan,
            **facts,
        }
        for component, count, total in zip(
            model.components, covered.sum(axis=0), squares.sum(axis=0), strict=True
        )
    ]
