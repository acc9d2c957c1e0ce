"""Tabulated masses as a theory model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
import xarray as xr
from pydantic import Field, model_validator

from bmm.data import AnyLayout, data_folder, load_theory, read_mass_table, read_provenance
from bmm.data.provenance import Calibration
from bmm.data.table_files import table_fingerprint
from bmm.errors import DataError
from bmm.theory.adapters import Domain, TheoryModel, prediction
from bmm.theory.cards import BesideTheCard, Card

__all__ = ["TableCard", "TableModel", "TabulatedCard"]


class TabulatedCard(Card):
    """A card that names a table of masses: a shipped one, or the user's own with its layout.

    Parameters
    ----------
    table : str, optional
        Name of a shipped table; its citation, doi and calibration stand in the table's own
        provenance record.
    file : path, optional
        The user's table, relative to the card.
    layout : str or TableLayout, optional
        How to read `file`: a published layout by name, or with keys that change it, or one's own;
        see `bmm.data.published_layouts`.
    sha256 : str, optional
        Checksum of `file`; one that is damaged, or another, is then refused.
    citation, doi : str
        Publication of the model.
    calibrated_on : str
        Latest AME edition whose masses may have informed the model.
    calibrated_on_confirmed : bool, default True
        Whether a source states that edition.
    interpolated_to_data : bool, default False
        Whether the table is interpolated to measured masses.
    domain : Domain, optional
        Nuclei of the table to use.
    """

    table: str | None = None
    file: BesideTheCard | None = None
    sha256: str = Field(default="", pattern="^([0-9a-f]{64})?$")
    layout: AnyLayout | None = None
    calibrated_on: Calibration
    interpolated_to_data: bool = False

    @model_validator(mode="before")
    @classmethod
    def _take_facts_from_the_provenance_record(cls, data: Any) -> Any:
        if not isinstance(data, dict) or not isinstance(data.get("table"), str):
            return data
        facts = (
            "citation",
            "doi",
            "references",
            "calibrated_on",
            "calibrated_on_confirmed",
            "interpolated_to_data",
        )
        for key in (*facts, "file", "layout", "sha256"):
            if key in data:
                raise ValueError(
                    f"key {key!r} cannot be given with 'table': "
                    f"the shipped table {data['table']!r} brings its own"
                )
        try:
            record = read_provenance(data["table"])
        except DataError as error:
            raise ValueError(f"key 'table': {error}") from error
        return data | {fact: getattr(record, fact) for fact in facts}

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if self.table is None and (self.file is None or self.layout is None):
            raise ValueError(
                "expected either 'table' (a shipped table), or 'file' and a section [layout], "
                "or layout = the name of a published one"
            )
        return self

    @property
    def data_file(self) -> Path:
        """The table."""
        if self.file is not None:
            return self.file
        return data_folder() / "theory" / f"{self.table}.csv"

    def masses(self) -> pd.DataFrame:
        """Read the table.

        Returns
        -------
        DataFrame
            Indexed (Z, N), with mass_excess in MeV, and mass_excess_sd if it states a spread.

        Raises
        ------
        DataError
            If the file cannot be used, or is not the one of the checksum.
        """
        if self.table is not None:
            return load_theory(self.table)
        assert self.file is not None  # the card is validated
        assert self.layout is not None
        table = read_mass_table(self.file, self.layout)
        if self.sha256 and table_fingerprint(self.file) != self.sha256:
            raise DataError(
                f"{self.file}: expected the file whose SHA-256 its card states, "
                f"{self.sha256[:12]}...; this one is damaged, or another"
            )
        return table


class TableCard(TabulatedCard):
    """A tabulated model, as it is."""

    adapter: Literal["table"] = "table"

    def build(self) -> TheoryModel:
        """Read the table."""
        return TableModel(self.name, self.masses(), self.domain)


@dataclass(frozen=True)
class TableModel:
    """A table of masses; its authors have fitted it, so there is nothing left to learn.

    Parameters
    ----------
    name : str
        Name of the model and of its only component.
    masses : DataFrame
        Indexed (Z, N), with a column mass_excess in MeV, and mass_excess_sd if the model states
        its own spread.
    domain : Domain
        Nuclei of the table to use.

    Examples
    --------
    >>> import bmm
    >>> table = bmm.load_model("HFB24")
    >>> type(table).__name__, table.name
    ('TableModel', 'HFB24')
    """

    name: str
    masses: pd.DataFrame
    domain: Domain

    @property
    def components(self) -> tuple[str, ...]:
        """The model's name."""
        return (self.name,)

    def fit(self, training: pd.DataFrame) -> Self:
        """Return the table as it is; the training masses are not looked at."""
        return self

    def predict(self, nuclei: pd.MultiIndex) -> xr.Dataset:
        """Look nuclei up; see `bmm.theory.adapters.FittedTheory`."""
        found = self.masses["mass_excess"].reindex(nuclei).to_numpy(dtype=np.float64)
        masses = np.where(self.domain.covers(nuclei), found, np.nan)
        if "mass_excess_sd" not in self.masses:
            return prediction(nuclei, self.components, masses[:, None])
        sd = self.masses["mass_excess_sd"].reindex(nuclei).to_numpy(dtype=np.float64)
        return prediction(nuclei, self.components, masses[:, None], sd[:, None])
