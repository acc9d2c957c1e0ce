"""Inputs that a configuration names: measured masses, models, and the chart to predict."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bmm.data import (
    MEASURED_TABLES,
    evaluation_path,
    load_measured,
    load_theory,
    measured_masses,
)
from bmm.data.table_files import table_fingerprint
from bmm.errors import ConfigError, DataError
from bmm.nuclides import labels, nuclide_index, numbers
from bmm.progress import track
from bmm.theory.adapters import Domain, FittedTheory, predict_all
from bmm.theory.cards import Card
from bmm.theory.joined import join_masses
from bmm.theory.library import find_cards
from bmm.workflows.config import Data, RunConfig, Theory

__all__ = [
    "chart_and_measured",
    "chart_theory",
    "chosen_cards",
    "covered_nuclei",
    "evaluators_estimates",
    "fitted_models",
    "known_masses",
    "own_measurements",
    "select_measured",
]

logger = logging.getLogger(__name__)

_SHOWN = 20


def evaluators_estimates(data: Data) -> pd.DataFrame | None:
    """Masses that the evaluators estimated from trends, indexed (Z, N), MeV.

    Parameters
    ----------
    data : Data
        Names and files; None is returned for measured masses of one's own.

    Examples
    --------
    >>> from bmm.workflows.config import Data
    >>> from bmm.workflows.inputs import evaluators_estimates
    >>> "mass_excess" in evaluators_estimates(Data(measured="AME2020"))
    True
    """
    if data.measured not in MEASURED_TABLES:
        return None
    table = load_measured(data.measured, estimated=True)
    return table[table["estimated"]]


def known_masses(data: Data, checksums: Mapping[str, str] | None = None) -> pd.DataFrame:
    """All measured masses of a configuration, indexed (Z, N), MeV.

    Parameters
    ----------
    data : Data
        Names and files.
    checksums : mapping, optional
        SHA-256 of the tables that a run was made with, by name: the user's own must be the same.

    Raises
    ------
    DataError
        If a table cannot be read, or is another than the run was made with.

    Examples
    --------
    >>> from bmm.workflows.config import Data
    >>> from bmm.workflows.inputs import known_masses
    >>> known_masses(Data(measured="AME2020")).loc[(50, 82), "mass_excess"].round(3)
    np.float64(-76.547)
    """
    table = measured_masses(data.measured, data.extra).table
    for name in data.files:
        if checksums is None or name in MEASURED_TABLES:
            continue
        if table_fingerprint(evaluation_path(name)) != checksums.get(name):
            raise DataError(f"{name} was changed since the run was made: expected it as it was")
    return table


def own_measurements(data: Data) -> list[dict[str, Any]]:
    """For each file of extra measurements: file, and the nuclides added and replaced.

    Examples
    --------
    >>> from bmm.workflows.config import Data
    >>> from bmm.workflows.inputs import own_measurements
    >>> own_measurements(Data())  # without the user's own files
    []
    """
    return [*measured_masses(data.measured, data.extra).own]


def select_measured(config: RunConfig) -> pd.DataFrame:
    """Measured nuclei that a configuration selects, indexed (Z, N), masses in MeV.

    Raises
    ------
    ConfigError
        If none is left.

    Examples
    --------
    >>> from bmm.workflows.config import RunConfig
    >>> from bmm.workflows.inputs import select_measured
    >>> config = RunConfig(name="tin", data={"Z": (50, 50)}, theory={"models": ["HFB24", "DZ33"]})
    >>> measured = select_measured(config)
    >>> len(measured), set(measured.index.get_level_values("Z").tolist())
    (35, {50})
    """
    data = config.data
    measured = known_masses(data)
    chosen = Domain(Z=data.Z, N=data.N, parity=data.parity).covers(measured.index)
    if data.max_uncertainty_keV is not None:
        chosen &= measured["mass_excess_uncertainty"].to_numpy() < data.max_uncertainty_keV / 1000
    if not chosen.any():
        raise ConfigError(
            f"section 'data': no nucleus measured in {data.measured} has Z in {list(data.Z)} and "
            f"N in {list(data.N)}"
            + (" and is even-even" if data.parity == "even-even" else "")
            + (
                f" with an uncertainty below {data.max_uncertainty_keV:g} keV"
                if data.max_uncertainty_keV is not None
                else ""
            )
        )
    return measured[chosen]


def covered_nuclei(measured: pd.DataFrame, theory: xr.Dataset) -> pd.DataFrame:
    """Measured nuclei that at least one model covers; the others are named in a warning.

    Parameters
    ----------
    measured : DataFrame
        Nuclei to learn from, indexed (Z, N).
    theory : Dataset
        Predictions of the models for these and of any others; see `bmm.theory.adapters.prediction`.

    Raises
    ------
    ConfigError
        If a model covers none of them, or none is covered; the message names the model.

    Examples
    --------
    With `measured` and `theory` of the example of `bmm.fit`:

    >>> from bmm.workflows.inputs import covered_nuclei
    >>> len(covered_nuclei(measured, theory)) == len(measured)
    True
    """
    covers = np.isfinite(join_masses(measured, theory)["theory_mass_excess"].to_numpy())
    useless = ~covers.any(axis=0)
    if useless.any():
        name = str(theory["theory"].to_numpy()[useless][0])
        raise ConfigError(
            f"model {name!r} covers none of the {len(measured)} measured nuclei to learn from: "
            "expected one at least; leave the model out, or change the section 'data'"
        )
    covered = covers.any(axis=1)
    if not covered.all():
        names = labels(*(each.tolist() for each in numbers(measured.index[~covered])))
        rest = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        logger.warning(
            "%d of %d measured nuclei are left out, for no model covers them: %s%s",
            len(names), len(measured), ", ".join(names[:_SHOWN]), rest,
        )  # fmt: skip
    return measured[covered]


def chosen_cards(theory: Theory) -> list[Card]:
    """Cards of the models that a configuration names.

    Raises
    ------
    ConfigError
        If there is no such model.

    Examples
    --------
    >>> from bmm.workflows.config import Theory
    >>> from bmm.workflows.inputs import chosen_cards
    >>> [card.name for card in chosen_cards(Theory(models=["HFB24", "DZ33"]))]
    ['HFB24', 'DZ33']
    """
    cards = find_cards(theory.cards)
    unknown = [name for name in theory.models if name not in cards]
    if unknown:
        raise ConfigError(
            f"key 'theory.models': no model is called {unknown[0]!r}; "
            f"expected one of {', '.join(cards)}"
        )
    return [cards[name] for name in theory.models]


def fitted_models(cards: Sequence[Card], measured: pd.DataFrame) -> list[FittedTheory]:
    """Build the models of cards; those that learn see these measured nuclei and no others.

    Examples
    --------
    With `measured` of the example of `bmm.fit`:

    >>> from bmm.theory.library import find_card
    >>> from bmm.workflows.inputs import fitted_models
    >>> models = fitted_models([find_card("HFB24"), find_card("DZ28")], measured)
    >>> len(models)
    2
    """
    steps = track(cards, "fitting the models", note=lambda card: card.name)
    return [card.build().fit(measured) for card in steps]


def chart_theory(
    config: RunConfig, measured: pd.DataFrame, fitted: Sequence[FittedTheory]
) -> xr.Dataset:
    """Predict every nucleus of the chart, and the measured ones, that a model covers.

    Parameters
    ----------
    config : RunConfig
        The chart.
    measured : DataFrame
        Indexed (Z, N).
    fitted : sequence of FittedTheory
        The models.

    Returns
    -------
    Dataset (nucleus, theory)
        See `bmm.theory.adapters.prediction`.
    """
    listed = load_theory(config.chart.table).index
    inside = Domain(Z=config.chart.Z, N=config.chart.N).covers(listed)
    index = listed[inside].union(measured.index).sort_values()
    theory = predict_all(fitted, nuclide_index(*numbers(index)))
    masses = theory["mass_excess"].transpose("nucleus", "theory").to_numpy()
    return theory.isel(nucleus=np.isfinite(masses).any(axis=1))


def chart_and_measured(theory: xr.Dataset, measured: pd.DataFrame) -> xr.Dataset:
    """Nuclei of the chart and of the evaluation, the lightest included.

    Parameters
    ----------
    theory : Dataset
        With coordinates Z and N.
    measured : DataFrame
        Indexed (Z, N).

    Returns
    -------
    Dataset
        Coordinates nucleus (names), Z and N, in ascending order.

    Examples
    --------
    With `measured` and `theory` of the example of `bmm.fit`; helium is added to the chart:

    >>> import pandas as pd
    >>> from bmm.workflows.inputs import chart_and_measured
    >>> every = pd.concat([measured, bmm.load_measured("AME2020").loc[[2]]])
    >>> chart_and_measured(theory, every).sizes["nucleus"] > theory.sizes["nucleus"]
    True
    """
    index = nuclide_index(theory["Z"].to_numpy(), theory["N"].to_numpy())
    Z, N = numbers(measured.index.union(index).sort_values())
    names = labels(Z.tolist(), N.tolist())
    return xr.Dataset(coords={"nucleus": names, "Z": ("nucleus", Z), "N": ("nucleus", N)})
