"""The configuration of a run: one TOML file, checked before anything is computed."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, get_args

import tomli_w
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PositiveFloat,
    ValidationError,
)

from bmm.errors import ConfigError
from bmm.mixing.settings import Mixing
from bmm.nuclides import MAX_N, MAX_Z

__all__ = ["Chart", "Data", "RunConfig", "Theory", "load_config", "shipped_configurations"]

_FOLDER = Path(__file__).resolve().parents[1] / "configurations"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _ascending(ends: tuple[int, int]) -> tuple[int, int]:
    if ends[0] > ends[1]:
        raise ValueError(f"expected [first, last], not {list(ends)}")
    return ends


type _Z = Annotated[int, Field(ge=0, le=MAX_Z)]
type _N = Annotated[int, Field(ge=0, le=MAX_N)]
type _ZRange = Annotated[tuple[_Z, _Z], AfterValidator(_ascending)]
type _NRange = Annotated[tuple[_N, _N], AfterValidator(_ascending)]


class Data(_Strict):
    """Measured nuclei to learn from.

    Parameters
    ----------
    measured : str, default "AME2020"
        Name of a shipped evaluation.
    Z, N : (int, int)
        First and last proton and neutron number, both included.
    max_uncertainty_keV : float, optional
        Leave out masses measured less precisely.
    """

    measured: str = "AME2020"
    Z: _ZRange = (8, MAX_Z)
    N: _NRange = (8, MAX_N)
    max_uncertainty_keV: PositiveFloat | None = None


class Theory(_Strict):
    """Models to mix.

    Parameters
    ----------
    models : list of str
        Names of models, in the order in which their components appear.
    cards : list of path, optional
        Model cards, or folders of them, besides the shipped ones; relative to the configuration.
    """

    models: list[str] = Field(min_length=1)
    cards: list[Path] = []


class Chart(_Strict):
    """Nuclei to predict, besides the measured ones.

    Parameters
    ----------
    table : str, default "DZ28"
        The nuclei of this shipped theory table that at least one model covers.
    Z, N : (int, int)
        First and last proton and neutron number, both included.
    """

    table: str = "DZ28"
    Z: _ZRange = (8, 120)
    N: _NRange = (8, 200)


class RunConfig(_Strict):
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
        See `Data`, `Theory`, `Chart` and `bmm.mixing.settings.Mixing`.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][\w.-]*$")
    description: str = ""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    data: Data = Data()
    theory: Theory
    chart: Chart = Chart()
    mixing: Mixing = Mixing()

    def to_toml(self) -> str:
        """Write the configuration, every default resolved, as TOML."""
        tree = self.model_dump(mode="json", exclude_none=True)
        tree["mixing"]["priors"] = {
            name: getattr(self.mixing.priors, name).flat() for name in tree["mixing"]["priors"]
        }
        return tomli_w.dumps(tree)


def shipped_configurations() -> dict[str, Path]:
    """Files of the shipped configurations, by name."""
    return {path.stem: path for path in sorted(_FOLDER.glob("*.toml"))}


def load_config(name_or_path: str | Path) -> RunConfig:
    """Read a configuration.

    Parameters
    ----------
    name_or_path : str or Path
        Name of a shipped configuration, or path of a ``.toml`` file.

    Returns
    -------
    RunConfig
        With the paths of the user's cards made absolute.

    Raises
    ------
    ConfigError
        If there is no such configuration, or a key is missing, unknown or impossible.
    """
    shipped = shipped_configurations()
    path = Path(name_or_path)
    if isinstance(name_or_path, str) and name_or_path in shipped:
        path = shipped[name_or_path]
    elif path.suffix != ".toml":
        nearest = difflib.get_close_matches(str(name_or_path), shipped, n=1, cutoff=0.0)
        raise ConfigError(
            f"no configuration is called {str(name_or_path)!r} (nearest: {nearest[0]!r}); "
            f"expected one of {', '.join(shipped)}, or the path of a .toml file"
        )
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: expected a configuration, but {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: expected a TOML file: {error}") from error
    try:
        config = RunConfig.model_validate({"name": path.stem} | data)
    except ValidationError as error:
        raise ConfigError(f"{path}: {_explain(error, data)}") from error
    return _with_absolute_cards(config, path.resolve().parent)


def _with_absolute_cards(config: RunConfig, folder: Path) -> RunConfig:
    theory = config.theory.model_copy(
        update={"cards": [folder / card for card in config.theory.cards]}
    )
    return config.model_copy(update={"theory": theory})


def _explain(error: ValidationError, data: dict[str, Any]) -> str:
    """Say in one sentence what is wrong with the first wrong key."""
    first: Any = error.errors()[0]
    key = ".".join(_written(first["loc"], data))
    match first["type"]:
        case "missing" if isinstance(first["loc"][-1], int):
            return f"key {key!r} has too few values"
        case "missing":
            return f"key {'.'.join(map(str, first['loc']))!r} is missing"
        case "extra_forbidden":
            known = _known_keys(first["loc"][:-1])
            nearest = difflib.get_close_matches(str(first["loc"][-1]), known, n=1)
            hint = f" (did you mean {nearest[0]!r}?)" if nearest else ""
            return f"unknown key {key!r}{hint}: expected one of {', '.join(known)}"
        case "value_error":
            return f"key {key!r}: {first['ctx']['error']}"
        case _:
            return f"key {key!r}: {first['msg']}, not {first['input']!r}"


def _written(location: tuple[int | str, ...], data: Any) -> Iterator[str]:
    """Parts of a location that the file has; pydantic adds its own, such as a union's branch."""
    for part in location:
        with suppress(KeyError, IndexError, TypeError):
            data = data[part]
            yield str(part)


def _known_keys(location: tuple[int | str, ...]) -> list[str]:
    section: Any = RunConfig
    for part in location:
        annotation = section.model_fields[str(part)].annotation
        kinds = (annotation, *get_args(annotation))  # a section may be optional
        section = next(kind for kind in kinds if hasattr(kind, "model_fields"))
    return list(section.model_fields)
