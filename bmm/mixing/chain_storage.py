"""Chains on disk, so that a run that was killed continues with them.

A chain is streamed into ``<set>-<chain>.zarr`` while it is sampled.  When it is complete it is
written whole to ``<set>-<chain>.nc``, a checkpoint with everything that decides its draws, and the
stream is deleted.  A sampler's state cannot be saved, so an unfinished chain is sampled again; the
same seed gives the same draws.
"""

from __future__ import annotations

import importlib.metadata
import logging
import platform
import shutil
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bmm.checkpoints import Checkpoint
from bmm.errors import RunError
from bmm.fingerprints import code_fingerprint, fingerprint
from bmm.gp.basis import Axis
from bmm.mixing.form import LIKELIHOODS
from bmm.mixing.settings import Mixing
from bmm.netcdf import read_tree, write_tree

if TYPE_CHECKING:
    import xarray as xr

__all__ = [
    "DECISIVE_PACKAGES",
    "ChainStore",
    "chain_stores",
    "holds_draws",
]

logger = logging.getLogger(__name__)

DECISIVE_PACKAGES = ("numba", "numpy", "nutpie", "pymc", "pytensor")
"""Packages another version of which may give other draws."""


@dataclass(frozen=True)
class ChainStore:
    """The chains of one set in a folder.

    Parameters
    ----------
    folder : Path
        Where the chains are kept; made if missing.
    name : str
        Name of the set: ``"free"``, or ``"mode"`` for chains confined to a mode; of a refined basis
        (`bmm.mixing.refinement`) with its size, such as ``"free-29Z-51N"``.
    origin : dict
        Everything that decides the draws, plain values: a stored chain of another origin is never
        used.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from bmm.mixing.chain_storage import ChainStore
    >>> store = ChainStore(Path(tempfile.mkdtemp()), "free", {"seed": 1})
    >>> store.load(0) is None  # chain 0 has not been sampled
    True
    """

    folder: Path
    name: str
    origin: dict[str, Any]

    def stream(self, chain: int) -> Path:
        """Make an empty folder into which a chain is streamed.

        Raises
        ------
        RunError
            If it cannot be made.
        """
        path = self._stream(chain)
        try:
            shutil.rmtree(path, ignore_errors=True)
            path.mkdir(parents=True)
        except OSError as error:
            raise RunError(f"{path} cannot be made ({error.strerror})") from error
        return path

    def keep(self, chain: int, tree: xr.DataTree) -> None:
        """Write a complete chain to its file, and delete its stream.

        Raises
        ------
        RunError
            If the file system refuses.
        """
        self._checkpoint(chain).write(partial(write_tree, tree))
        shutil.rmtree(self._stream(chain), ignore_errors=True)

    def load(self, chain: int) -> xr.DataTree | None:
        """Read a complete chain, if there is one of this origin."""
        try:
            found = self._checkpoint(chain).read(read_tree)
        except RunError as error:
            logger.warning("the chain is sampled again: %s", error)
            return None
        return None if found is None else found[0]

    def _checkpoint(self, chain: int) -> Checkpoint:
        origin = {"set": self.name, "chain": chain, **self.origin}
        return Checkpoint(self.folder / f"{self.name}-{chain}.nc", origin)

    def _stream(self, chain: int) -> Path:
        return self.folder / f"{self.name}-{chain}.zarr"


def chain_stores(
    folder: Path,
    problem: xr.Dataset,
    axes: tuple[Axis, Axis],
    settings: Mixing,
    seed: int,
    *,
    refined: bool = False,
) -> tuple[ChainStore, ChainStore]:
    """Make the stores of the free chains and of those confined to a mode.

    Parameters
    ----------
    folder : Path
        Where the chains are kept.
    problem : Dataset
        Training nuclei and theory; see `bmm.mixing.training_data.training_problem`.
    axes : tuple of Axis
        Basis along Z and N.
    settings : Mixing
        Priors, noise and sampler.
    seed : int
        Seed of the fit.
    refined : bool, default False
        Whether the basis is finer than that of the first fit, whose chains stay beside these.
    """
    chosen = settings.model_dump(mode="json", exclude={"mode": True, "basis": True})
    # A chain does not know how many others there are.
    sampler = {key: chosen["sampler"].pop(key) for key in ("draws", "tune")}
    chosen["sampler"].pop("chains")
    chosen["sampler"].pop("cores")
    origin = {
        "seed": seed,
        **sampler,
        "settings": chosen,
        "axes": [asdict(axis) for axis in axes],
        "problem": fingerprint(problem.to_dict()),
        "code": code_fingerprint(
            "bmm.mixing.compilation", "bmm.mixing.sampling", LIKELIHOODS.module(settings.likelihood)
        ),
        "packages": {name: importlib.metadata.version(name) for name in DECISIVE_PACKAGES},
        "machine": f"{platform.system()} {platform.machine()}",
    }
    mode = settings.mode.model_dump(mode="json") if settings.mode is not None else None
    size = "".join(f"-{axis.m}{axis.name}" for axis in axes) if refined else ""
    return (
        ChainStore(folder, f"free{size}", origin),
        ChainStore(folder, f"mode{size}", origin | {"mode": mode}),
    )


def holds_draws(folder: Path) -> bool:
    """Tell whether a folder holds any draw, of a complete chain or of an unfinished one.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from bmm.mixing.chain_storage import holds_draws
    >>> holds_draws(Path(tempfile.mkdtemp()))
    False
    """
    return any(
        any(folder.glob(pattern)) for pattern in ("[!.]*.nc", "*.zarr/sample_stats/logp/c/*")
    )
