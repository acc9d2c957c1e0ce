"""A trained ensemble as one file: arrays beside a header with versions, settings and checksum."""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from bmm.errors import DataError
from bmm.theory.mdn.ensemble import Calibration, Ensemble
from bmm.theory.mdn.mdn_settings import MdnSettings
from bmm.writing import write_whole

__all__ = ["FORMAT", "read_ensemble", "write_ensemble"]

FORMAT = 1
"""Version of the file format."""

_ARRAYS = (
    "centre", "spread", "coefficients", "skip", "Z", "N", "fold", "validates", "log_weight",
)  # fmt: skip


def write_ensemble(path: Path, ensemble: Ensemble) -> None:
    """Write an ensemble to an ``.npz`` file.

    Parameters
    ----------
    path : Path
        The file.
    ensemble : Ensemble
        What to write.

    Raises
    ------
    RunError
        If the file cannot be written.
    """
    arrays = {name: getattr(ensemble, name) for name in _ARRAYS}
    arrays |= {f"matrix_{i}": each for i, each in enumerate(ensemble.matrices)}
    arrays |= {f"bias_{i}": each for i, each in enumerate(ensemble.biases)}
    header = {
        "format": FORMAT,
        "bmm": version("nuclear-bmm"),
        "settings": ensemble.settings.model_dump(mode="json"),
        "offset": ensemble.offset,
        "scale": ensemble.scale,
        "calibration": asdict(ensemble.calibration),
        "layers": len(ensemble.matrices),
        "sha256": _checksum(arrays),
    }
    text = np.array(json.dumps(header, sort_keys=True))
    write_whole(path, partial(np.savez_compressed, header=text, **arrays))


def read_ensemble(path: Path) -> Ensemble:
    """Read an ensemble; needs none of the packages it was trained with.

    Raises
    ------
    DataError
        If the file is missing, truncated, changed, of another format or no model file.
    """
    try:
        # numpy leaves a truncated file open, if it opens it itself.
        with np.load(BytesIO(path.read_bytes()), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        header = json.loads(str(arrays.pop("header")))
        found = header["format"]
    except FileNotFoundError as error:
        raise DataError(f"{path}: expected a trained model, but there is no such file") from error
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(
            f"{path}: expected a trained model; the file is truncated or another kind"
        ) from error
    if found != FORMAT:
        raise DataError(
            f"{path}: a model file of format {found}; this version of bmm reads format {FORMAT}, "
            "so retrain the model: bmm train-mdn"
        )
    try:
        if _checksum(arrays) != header["sha256"]:
            raise DataError(f"{path}: the checksum differs from the one written: file is damaged")
        return _assemble(header, arrays)
    except (KeyError, TypeError, ValidationError) as error:
        raise DataError(f"{path}: the header of the trained model is incomplete") from error


def _assemble(header: dict[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Ensemble:
    layers = range(header["layers"])
    return Ensemble(
        settings=MdnSettings.model_validate(header["settings"]),
        offset=header["offset"],
        scale=header["scale"],
        calibration=Calibration(**header["calibration"]),
        matrices=tuple(arrays[f"matrix_{i}"] for i in layers),
        biases=tuple(arrays[f"bias_{i}"] for i in layers),
        **{name: arrays[name] for name in _ARRAYS},
    )


def _checksum(arrays: Mapping[str, npt.NDArray[Any]]) -> str:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
