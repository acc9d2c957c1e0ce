"""The state of a loop on disk, so that an interrupted loop can be resumed."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bmm.checkpoints import Checkpoint
from bmm.emulation.loop import Round, State
from bmm.emulation.surrogate import Learner
from bmm.errors import OriginError, RunError

__all__ = ["Packed", "pack_state", "read_state", "unpack_state", "write_packed", "write_state"]

type Packed = dict[str, npt.NDArray[Any]]
"""A state as plain arrays, by name."""


def write_state(path: Path, state: State, learner: Learner, origin: Mapping[str, Any]) -> None:
    """Write a state as a checkpoint, one .npz file.

    Parameters
    ----------
    path : Path
        The file.
    state : State
        After any round.
    learner : Learner
        Of its emulator.
    origin : mapping
        What determines the loop, as plain values: only a loop of the same origin may continue it.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from bmm.emulation.analytic_surface import analytic_surface
    >>> from bmm.emulation.loop import LoopSettings, run_loop
    >>> from bmm.emulation.loop_state import read_state, write_state
    >>> from bmm.emulation.stationary import ProcessLearner
    >>> settings = LoopSettings(start=10, budget=10, marks=())
    >>> learner = ProcessLearner(kernels=("matern-5/2",))
    >>> state = run_loop(analytic_surface(10, 10), learner, settings, seed=1)
    >>> path = Path(tempfile.mkdtemp()) / "loop.npz"
    >>> write_state(path, state, learner, {"seed": 1})
    >>> read_state(path, learner, {"seed": 1}, 2).computed.tolist() == state.computed.tolist()
    True
    """
    write_packed(path, pack_state(state, learner), origin)


def write_packed(path: Path, arrays: Packed, origin: Mapping[str, Any]) -> None:
    """Write a state that is packed already; see `write_state`."""
    Checkpoint(path, origin).write(
        lambda temporary: np.savez(temporary, allow_pickle=False, **arrays)
    )


def pack_state(state: State, learner: Learner) -> Packed:
    """Turn a state into arrays, as they are on disk and travel between processes."""
    rounds = json.dumps([asdict(each) for each in state.rounds])
    return {
        "rounds": np.array(rounds),
        "computed": state.computed,
        "prediction_errors": state.prediction_errors,
        "means": state.means,
        "sd": state.sd,
        **{f"emulator/{name}": each for name, each in learner.pack(state.emulator).items()},
    }


def unpack_state(arrays: Packed, learner: Learner, dimensions: int) -> State:
    """Turn arrays from `pack_state` into the state, on a surface of so many coordinates."""
    packed = {
        name.removeprefix("emulator/"): each
        for name, each in arrays.items()
        if name.startswith("emulator/")
    }
    return State(
        computed=arrays["computed"],
        rounds=tuple(Round(**each) for each in json.loads(str(arrays["rounds"]))),
        prediction_errors=arrays["prediction_errors"],
        emulator=learner.unpack(packed, dimensions),
        means=arrays["means"],
        sd=arrays["sd"],
    )


def read_state(
    path: Path, learner: Learner, origin: Mapping[str, Any], dimensions: int
) -> State | None:
    """Read a state, if there is one.

    Parameters
    ----------
    path : Path
        From `write_state`.
    learner, origin
        As for `write_state`.
    dimensions : int
        Coordinates of the surface.

    Raises
    ------
    RunError
        If the file is damaged or comes from a loop of another origin.
    """
    try:
        found = Checkpoint(path, origin).read(partial(_read, learner, dimensions))
    except OriginError as error:
        raise OriginError(f"{error}: expected the same, another folder, or --overwrite") from error
    return None if found is None else found[0]


def _read(learner: Learner, dimensions: int, path: Path) -> State:
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        json.loads(str(arrays["rounds"]))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise RunError(f"{path}: not the state of a loop ({error})") from error
    return unpack_state(arrays, learner, dimensions)
