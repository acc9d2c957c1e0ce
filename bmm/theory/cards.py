"""Model cards: the TOML files that describe a theory model."""

from __future__ import annotations

import difflib
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from bmm.data import Reference, TableLayout, read_provenance
from bmm.data.provenance import Calibration
from bmm.errors import ConfigError, DataError
from bmm.theory.adapters import Domain
from bmm.theory.duflo_zuker.coefficients import Target
from bmm.theory.duflo_zuker.dz10 import Kind
from bmm.theory.duflo_zuker.occupations import Family
from bmm.theory.mdn.mdn_settings import MdnSettings

__all__ = [
    "Card",
    "CommitteeCard",
    "DufloZukerCard",
    "MdnCard",
    "TableCard",
    "TabulatedCard",
    "read_card",
]

_FORMULA_COEFFICIENTS = {
    "DZ10": ("published", "amdc-table", "mendoza-temis-2010", "refit"),
    "DZ33": ("published", "refit"),
}
_LEARNT = ("refit", "joint", "individual")


class _Card(BaseModel):
    """What every card has.

    Unless `calibrated_on_confirmed`, no source states the edition.  `references` are what to cite;
    a card without them is cited by its `citation` and `doi`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[A-Za-z0-9][\w.+*()-]*$")
    description: str = ""
    citation: str
    doi: str = ""
    references: tuple[Reference, ...] = ()
    calibrated_on_confirmed: bool = True
    domain: Domain = Domain()


def _beside_the_card(file: Path, info: ValidationInfo) -> Path:
    return info.context["folder"] / file if info.context else file


class TabulatedCard(_Card):
    """A card that names a table of masses: a shipped one, or the user's own with its layout.

    Parameters
    ----------
    table : str, optional
        Name of a shipped table; its citation, doi and calibration stand in the table's own
        provenance record.
    file : path, optional
        The user's table, relative to the card.
    layout : TableLayout, optional
        How to read `file`.
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
    file: Annotated[Path, AfterValidator(_beside_the_card)] | None = None
    layout: TableLayout | None = None
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
        for key in (*facts, "file", "layout"):
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
                "expected either 'table' (a shipped table), or 'file' and a section [layout]"
            )
        return self


class TableCard(TabulatedCard):
    """A tabulated model, as it is."""

    adapter: Literal["table"]


class CommitteeCard(TabulatedCard):
    """A table of which a share is known, and the rest learned by a committee of networks.

    Parameters
    ----------
    share : float, default 0.1
        Of the table's nuclei, drawn at random, that are known.
    seed : int, default 1
        Draws them.
    committee : str, default "default"
        Preset of `bmm.emulation.network_settings`.
    """

    adapter: Literal["committee"]
    share: float = Field(default=0.1, gt=0.0, le=1.0)
    seed: NonNegativeInt = 1
    committee: Literal["default", "talk"] = "default"


class DufloZukerCard(_Card):
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
    calibrated_on: Calibration | Literal["training"]

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


class MdnCard(_Card):
    """A mixture density network: trained when it is fitted, or read from the file of a model.

    Parameters
    ----------
    network : MdnSettings, optional
        What is trained.
    file : path, optional
        A trained model, relative to the card, in place of a training.
    calibrated_on : str
        "training" for a network that is trained; otherwise the latest AME edition in the model.
    """

    adapter: Literal["mdn"]
    network: MdnSettings = MdnSettings()
    file: Annotated[Path, AfterValidator(_beside_the_card)] | None = None
    calibrated_on: Calibration | Literal["training"]

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if (self.file is None) != (self.calibrated_on == "training"):
            raise ValueError(
                "key 'calibrated_on': expected 'training' if, and only if, no 'file' is given"
            )
        if self.file is not None and "network" in self.model_fields_set:
            raise ValueError("section 'network' cannot be given with 'file', which brings its own")
        return self


Card = TableCard | CommitteeCard | DufloZukerCard | MdnCard
_CARDS: dict[str, type[Card]] = {
    "table": TableCard,
    "committee": CommitteeCard,
    "duflo_zuker": DufloZukerCard,
    "mdn": MdnCard,
}
_READER: TypeAdapter[Card] = TypeAdapter(Annotated[Card, Field(discriminator="adapter")])


def read_card(path: Path) -> Card:
    """Read and check a model card.

    Parameters
    ----------
    path : Path
        The TOML file.

    Returns
    -------
    TableCard, CommitteeCard, DufloZukerCard or MdnCard
        With the path of a user's file made absolute.

    Raises
    ------
    ConfigError
        If the file cannot be read or a key is missing, unknown or has an impossible value.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{path}: expected a model card, but {error.strerror}") from error
    except (ValueError, RecursionError) as error:  # of numbers with thousands of digits, too
        raise ConfigError(f"{path}: expected a TOML file: {error}") from error
    try:
        return _READER.validate_python(data, context={"folder": path.resolve().parent})
    except ValidationError as error:
        raise ConfigError(f"{path}: {_explain(error, data)}") from error


def _explain(error: ValidationError, data: dict[str, Any]) -> str:
    """Say in one sentence what is wrong with the first wrong key of a card."""
    first = error.errors()[0]
    location = [str(part) for part in first["loc"]]
    if location and location[0] in _CARDS:
        del location[0]  # the choice of adapter, which is not a key
    key = ".".join(location)
    expected = first.get("ctx", {}).get("expected") or first.get("ctx", {}).get("expected_tags")
    match first["type"]:
        case "value_error":
            return f"{f'key {key!r}: ' if key else ''}{first['ctx']['error']}"
        case "missing" | "union_tag_not_found":
            return f"key {key or 'adapter'!r} is missing"
        case "extra_forbidden" if len(location) == 1:
            known = [*_CARDS[data["adapter"]].model_fields]
            nearest = difflib.get_close_matches(key, known, n=1)
            hint = f" (did you mean {nearest[0]!r}?)" if nearest else ""
            return f"unknown key {key!r}{hint}: expected one of {', '.join(known)}"
        case "extra_forbidden":
            return f"unknown key {key!r}"
        case "union_tag_invalid":
            return f"key 'adapter': expected {expected}, not {data['adapter']!r}"
        case "literal_error":
            return f"key {key!r}: expected {expected}, not {first['input']!r}"
        case _:
            return f"key {key!r}: {first['msg']}, not {first['input']!r}"
