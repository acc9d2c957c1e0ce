"""The configuration of a run: one TOML file, checked before anything is computed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import tomli_w
from pydantic import AfterValidator, Field, PositiveFloat, model_validator

from bmm.configuration import Configuration
from bmm.data import evaluation_name, locate_measured
from bmm.mixing.settings import FORECAST, MeasurementTreatment, Mixing
from bmm.nuclides import MAX_N, MAX_Z
from bmm.workflows.reading import configuration_file, read_configuration, shipped_files

__all__ = ["Chart", "Data", "RunConfig", "Theory", "load_config", "shipped_configurations"]


def _ascending(ends: tuple[int, int]) -> tuple[int, int]:
    if ends[0] > ends[1]:
        raise ValueError(f"expected [first, last], not {list(ends)}")
    return ends


type _Z = Annotated[int, Field(ge=0, le=MAX_Z)]
type _N = Annotated[int, Field(ge=0, le=MAX_N)]
type ZRange = Annotated[tuple[_Z, _Z], AfterValidator(_ascending)]
type NRange = Annotated[tuple[_N, _N], AfterValidator(_ascending)]


class Data(Configuration):
    """Measured nuclei to learn from.

    Parameters
    ----------
    measured : str, default "AME2020"
        Name of a shipped evaluation; or the path of a file with measured masses, relative to the
        configuration, such as that of a new evaluation; see `bmm.data.load_measured`.
    extra : list of path, optional
        CSV files with columns Z, N, mass_excess and mass_excess_uncertainty (atomic, MeV),
        relative to the configuration.  Their masses are added, and replace those of the same
        nuclei.
    Z, N : (int, int)
        First and last proton and neutron number, both included.
    parity : {"all", "even-even"}, default "all"
        Whether to learn from even-even nuclei only.
    max_uncertainty_keV : float, optional
        Leave out masses measured less precisely.

    Nuclei that no model covers are left out as well, with a warning.

    Examples
    --------
    >>> from bmm.workflows.config import Data
    >>> data = Data(Z=(28, 52), parity="even-even", max_uncertainty_keV=100)
    >>> data.measured, data.N
    ('AME2020', (8, 320))
    """

    measured: str = "AME2020"
    extra: list[Path] = Field(default_factory=list)
    Z: ZRange = (8, MAX_Z)
    N: NRange = (8, MAX_N)
    parity: Literal["all", "even-even"] = "all"
    max_uncertainty_keV: PositiveFloat | None = None

    def relative_to(self, folder: Path) -> Data:
        """Take the paths of measured masses as relative to a folder."""
        measured = locate_measured(self.measured, folder)
        extra = [folder / path for path in self.extra]
        return self.model_copy(update={"measured": measured, "extra": extra})

    @property
    def files(self) -> list[str]:
        """Tables that it takes: name or path of the measured one, paths of the others."""
        return [self.measured, *map(str, self.extra)]

    @property
    def title(self) -> str:
        """What to call these masses: the evaluation, and the names of files."""
        return " and ".join(evaluation_name(name) for name in self.files)


class Theory(Configuration):
    """Models to mix.

    Parameters
    ----------
    models : list of str
        Names of models, in the order in which their components appear.
    cards : list of path, optional
        Model cards, or folders of them, besides the shipped ones; relative to the configuration.
    corrected : bool, default True
        Correct every model by the field of its residuals before they are mixed; see
        `bmm.theory.correction`.
    measurement_errors : {"stated", "learnt"}, default "stated"
        What the errors of measured masses are taken to be in these fields: as the stated
        uncertainties, or as learnt from revisions of earlier evaluations; see
        `bmm.measurement.posterior`.

    Examples
    --------
    >>> from bmm.workflows.config import Theory
    >>> Theory(models=["HFB24", "DZ33"], corrected=False).measurement_errors
    'stated'
    """

    models: list[str] = Field(min_length=1)
    cards: list[Path] = Field(default_factory=list)
    corrected: bool = True
    measurement_errors: MeasurementTreatment = "stated"

    def relative_to(self, folder: Path) -> Theory:
        """Take the paths of the cards as relative to a folder."""
        return self.model_copy(update={"cards": [folder / card for card in self.cards]})


class Chart(Configuration):
    """Nuclei to predict, besides the measured ones.

    Parameters
    ----------
    table : str, default "DZ28"
        The nuclei of this shipped theory table that at least one model covers.
    Z, N : (int, int)
        First and last proton and neutron number, both included.

    Examples
    --------
    >>> from bmm.workflows.config import Chart
    >>> Chart(Z=(40, 60)).table
    'DZ28'
    """

    table: str = "DZ28"
    Z: ZRange = (8, 120)
    N: NRange = (8, 200)


class RunConfig(Configuration):
    """Everything that decides a run.

    Parameters
    ----------
    name : str
        Name of the run, and of its folder unless another is given.
    description : str
        What it is for.
    seed : int
        Seed of the sampler and of the predictive draws.
    data, theory, chart, mixing
        See `Data`, `Theory`, `Chart` and `bmm.mixing.settings.Mixing`.  What is not given of the
        mixing of corrected models is that of `bmm.mixing.settings.FORECAST`.

    Examples
    --------
    >>> from bmm.workflows.config import RunConfig
    >>> config = RunConfig(name="tin", data={"Z": (46, 52)}, theory={"models": ["HFB24", "DZ33"]})
    >>> config.mixing.likelihood, config.chart.Z
    ('dirichlet', (8, 120))
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][\w.-]*$")
    description: str = ""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    data: Data = Data()
    theory: Theory
    chart: Chart = Chart()
    mixing: Mixing = FORECAST

    @model_validator(mode="before")
    @classmethod
    def _of_corrected_models(cls, data: Any) -> Any:
        """Take defaults of the mixing that suit corrected models, or models as they are."""
        if not isinstance(data, dict) or not isinstance(data.get("mixing", {}), dict):
            return data
        theory, given = data.get("theory"), data.get("mixing", {})
        corrected = not isinstance(theory, dict) or theory.get("corrected", True) is not False
        if not corrected:
            return data | {"mixing": given}
        if given.get("likelihood", "dirichlet") != "dirichlet":
            return data
        return data | {"mixing": _merged(FORECAST.model_dump(exclude_unset=True), given)}

    @model_validator(mode="after")
    def _form_suits_the_models(self) -> RunConfig:
        if self.mixing.likelihood == "dirichlet" and not self.theory.corrected:
            raise ValueError(
                "mixing.likelihood = 'dirichlet' is for corrected models: expected 'density' or "
                "'linear' with theory.corrected = false"
            )
        return self

    def with_extra(self, files: Sequence[Path]) -> RunConfig:
        """Add files of extra measurements, relative to the working directory."""
        extra = [*self.data.extra, *(path.resolve() for path in files)]
        return self.model_copy(update={"data": self.data.model_copy(update={"extra": extra})})

    def to_toml(self) -> str:
        """Write the configuration, every default resolved, as TOML."""
        tree = self.model_dump(mode="json", exclude_none=True)
        tree["mixing"]["priors"] = {
            name: getattr(self.mixing.priors, name).flat() for name in tree["mixing"]["priors"]
        }
        return tomli_w.dumps(tree)


def _merged(defaults: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Put what is given over defaults, section by section; a prior replaces the whole prior."""
    merged = defaults | given
    for name in ("noise", "basis", "sampler", "priors"):
        if isinstance(given.get(name), dict):
            merged[name] = defaults.get(name, {}) | given[name]
    return merged


def shipped_configurations() -> dict[str, Path]:
    """Files of the shipped configurations, by name.

    Examples
    --------
    >>> from bmm.workflows.config import shipped_configurations
    >>> sorted(shipped_configurations())
    ['default', 'global', 'occupations-ho', 'occupations-so', 'occupations-so-kth']
    """
    return shipped_files("run")


def load_config(name_or_path: str | Path) -> RunConfig:
    """Read a configuration.

    Parameters
    ----------
    name_or_path : str or Path
        Name of a shipped configuration, or path of a ``.toml`` file.

    Returns
    -------
    RunConfig
        With the paths of the user's files made absolute.

    Raises
    ------
    ConfigError
        If there is no such configuration, or a key is missing, unknown or impossible.

    Examples
    --------
    >>> from bmm.workflows.config import load_config
    >>> load_config("default").theory.models[0]
    'FRDM2012'
    """
    path = configuration_file(name_or_path, shipped_configurations())
    config = read_configuration(path, RunConfig)
    folder = path.resolve().parent
    return config.model_copy(
        update={
            "data": config.data.relative_to(folder),
            "theory": config.theory.relative_to(folder),
        }
    )
