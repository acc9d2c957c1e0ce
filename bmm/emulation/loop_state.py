"""A loop on disk, so that it can go on where it was killed."""

from __future__ import annotations

import json
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from bmm.emulation.loop import Round, State
from bmm.emulation.surrogate import Learner
from bmm.errors import RunError
from bmm.writing import write_whole

__all__ = ["read_state", "write_state"]


def write_state(path: Path, state: State, learner: Learner, origin: dict[str, Any]) -> None:
    """Write a state as one .npz file, whole.

    Parameters
    ----------
    path : Path
        The file.
    state : State
        After any round.
    learner : Learner
        Of its emulator.
    origin : dict
        What decides the loop, as plain values: only a loop of the same origin may go on with it.
    """
    facts = {"origin": origin, "rounds": [asdict(each) for each in state.rounds]}
    arrays = {
        "facts": np.array(json.dumps(facts)),
        "computed": state.computed,
        "prediction_errors": state.prediction_errors,
        "means": state.means,
        "sd": state.sd,
        **{f"emulator/{name}": each for name, each in learner.pack(state.emulator).items()},
    }
    write_whole(path, lambda temporary: np.savez(temporary, allow_pickle=False, **arrays))


def read_state(path: Path, learner: Learner, origin: dict[str, Any], dimensions: int) -> State:
    """Read a state.

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
        If the file cannot be read or comes from a loop of another origin.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        facts = json.loads(str(arrays["facts"]))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise RunError(f"{path}: not the state of a loop ({error})") from error
    for key in sorted({*origin, *facts["origin"]}):
        if facts["origin"].get(key) != origin.get(key):
            raise RunError(
                f"{path}: this loop was begun with another {key!r}; expected the same, another "
                "folder, or --overwrite"
            )
    packed = {
        name.removeprefix("emulator/"): each
        for name, each in arrays.items()
        if name.startswith("emulator/")
    }
    return State(
        computed=arrays["computed"],
        rounds=tuple(Round(**each) for each in facts["rounds"]),
        prediction_errors=arrays["prediction_errors"],
        emulator=learner.unpack(packed, dimensions),
        means=arrays["means"],
        sd=arrays["sd"],
    )
