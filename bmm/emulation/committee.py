"""A committee of networks: its mean is the prediction, its spread shows where errors are large.

The members differ by their random starts, their random Fourier features, and the data they are
trained on.  Their spread is not yet an uncertainty: `calibrated` compares it with the errors at
points which no member saw (see `bmm.emulation.calibration`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from bmm.arrays import FloatArray, IntArray
from bmm.emulation.calibration import UNCALIBRATED, Calibration, fit_calibration
from bmm.emulation.extra import require_networks
from bmm.emulation.network_settings import PRESETS, CommitteeSettings
from bmm.emulation.surrogate import Emulator
from bmm.errors import DataError

if TYPE_CHECKING:
    from bmm.emulation.networks import Network

__all__ = ["Committee", "CommitteeLearner", "CommitteePrediction", "feeding"]


# In mean distances between the learned points: beyond this, correlations of few members are noise
# (as in ensemble Kalman filters, where the remedy is called localisation).
_REACH = 1.5


@dataclass(frozen=True)
class CommitteePrediction:
    """Prediction of a committee at n points.

    Parameters
    ----------
    points : array (n, d)
        Scaled coordinates.
    members : array (member, n)
        Predictions of each member.
    reach : float
        Standard deviation of the Gaussian with which correlations are tapered.
    calibration : Calibration
        From spreads to standard deviations.

    Examples
    --------
    Two members that differ by 1 MeV at the second point:

    >>> import numpy as np
    >>> from bmm.emulation.calibration import Calibration
    >>> from bmm.emulation.committee import CommitteePrediction
    >>> members = np.array([[-5.0, -5.5], [-5.0, -4.5]])
    >>> predicted = CommitteePrediction(np.array([[-1.0], [1.0]]), members, 0.5, Calibration(2.0))
    >>> predicted.mean, predicted.sd.round(3)
    (array([-5., -5.]), array([0.   , 1.414]))
    """

    points: FloatArray
    members: FloatArray
    reach: float
    calibration: Calibration

    @property
    def mean(self) -> FloatArray:
        """Mean of the members, array (n,)."""
        return np.asarray(self.members.mean(axis=0))

    @property
    def spread(self) -> FloatArray:
        """Standard deviation of the members, array (n,)."""
        return np.asarray(self.members.std(axis=0, ddof=1))

    @property
    def sd(self) -> FloatArray:
        """Calibrated standard deviation, array (n,)."""
        return self.calibration.sd(self.spread)

    def covariance(self, rows: IntArray, columns: IntArray) -> FloatArray:
        """Covariance of the members between points, tapered; array (rows, columns)."""
        off = self.members - self.members.mean(axis=0)
        shared = off[:, rows].T @ off[:, columns] / (len(off) - 1)
        apart = self.points[rows, None] - self.points[None, columns]
        taper = np.exp(-0.5 * (apart**2).sum(axis=-1) / self.reach**2)
        return np.asarray(self.calibration.factor**2 * shared * taper)


@dataclass(frozen=True)
class Committee:
    """A trained committee.

    Parameters
    ----------
    networks : Network
        Members, stacked.
    centre, scale : float
        Of the values; the networks learn (value - centre) / scale.
    reach : float
        See `CommitteePrediction`.
    calibration : Calibration
        From spreads to standard deviations.
    """

    networks: Network
    centre: float
    scale: float
    reach: float
    calibration: Calibration = UNCALIBRATED

    def at(self, points: FloatArray) -> CommitteePrediction:
        """Predict points (n, d), scaled as those it has learned from."""
        from bmm.emulation.networks import evaluate

        members = self.centre + self.scale * evaluate(self.networks, points)
        return CommitteePrediction(points, members, self.reach, self.calibration)


@dataclass(frozen=True)
class CommitteeLearner:
    """Committees of one kind.

    Parameters
    ----------
    settings : CommitteeSettings
        How they are built and trained.
    """

    settings: CommitteeSettings = PRESETS["default"]
    name: str = "committee"

    def __post_init__(self) -> None:
        require_networks()

    def fit(
        self, points: FloatArray, values: FloatArray, seed: int, previous: Emulator | None = None
    ) -> Committee:
        """Train a committee; see `bmm.emulation.surrogate.Learner`."""
        weights = feeding(self.settings, len(values), np.random.default_rng(seed))
        return self._train(points, values, weights, seed, previous)

    def calibrated(
        self,
        committee: Committee,
        points: FloatArray,
        values: FloatArray,
        seed: int,
        folds: int = 4,
    ) -> Committee:
        """Calibrate a committee's spread on points that no member saw.

        As many committees as there are folds, each without one fold of the points, are trained in
        one pass from random starts, and their predictions of that fold are compared with the truth.

        Parameters
        ----------
        committee : Committee
            Trained on the same points.
        points, values : array (n, d), array (n,)
            What it was trained on.
        seed : int
            For the folds, and the committees.
        folds : int, default 4
            More folds cost more time, and calibrate for a number of points nearer to n.
        """
        rng = np.random.default_rng(seed)
        fold = rng.permutation(np.arange(len(values)) % folds)
        weights = [
            feeding(self.settings, len(values), rng, fold != blind) for blind in range(folds)
        ]
        crowd = self._train(points, values, np.concatenate(weights), seed + 1, None)
        predicted = crowd.at(points).members.reshape(folds, -1, len(values))
        blind = predicted[fold, :, np.arange(len(values))]
        found = fit_calibration(values - blind.mean(axis=1), blind.std(axis=1, ddof=1))
        return Committee(
            committee.networks, committee.centre, committee.scale, committee.reach, found
        )

    def pack(self, emulator: Emulator) -> dict[str, FloatArray]:
        """Give the arrays that make a committee."""
        from bmm.emulation.networks import leaves_of

        assert isinstance(emulator, Committee)
        found = emulator.calibration
        numbers = [emulator.centre, emulator.scale, emulator.reach, found.factor, found.floor]
        leaves = {f"leaf_{i}": leaf for i, leaf in enumerate(leaves_of(emulator.networks))}
        return {"numbers": np.array(numbers), **leaves}

    def unpack(self, arrays: dict[str, FloatArray], dimensions: int) -> Committee:
        """Make the committee again."""
        from bmm.emulation.networks import make_networks, with_leaves

        centre, scale, reach, factor, floor = arrays["numbers"].tolist()
        networks = make_networks(0, dimensions, self.settings)
        leaves = [arrays[f"leaf_{i}"] for i in range(len(arrays) - 1)]
        found = Calibration(factor, floor)
        return Committee(with_leaves(networks, leaves), centre, scale, reach, found)

    def _train(
        self,
        points: FloatArray,
        values: FloatArray,
        weights: FloatArray,
        seed: int,
        previous: Emulator | None,
    ) -> Committee:
        from bmm.emulation.networks import make_networks, train_networks

        settings = self.settings
        warm = isinstance(previous, Committee) and settings.warm_epochs > 0
        if warm and isinstance(previous, Committee):
            networks, centre, scale = previous.networks, previous.centre, previous.scale
        else:
            crowd = settings.model_copy(update={"members": len(weights)})
            networks = make_networks(seed, points.shape[1], crowd)
            centre, scale = float(values.mean()), float(values.std()) or 1.0
        networks, loss = train_networks(
            networks,
            points,
            (values - centre) / scale,
            weights,
            settings.warm_epochs if warm else settings.epochs,
            seed,
            settings,
        )
        if not np.isfinite(loss).all():
            raise DataError(
                "the training of the committee diverged: expected a smaller learning_rate than "
                f"{settings.learning_rate:g}"
            )
        between = (2.0 ** points.shape[1] / len(values)) ** (1 / points.shape[1])
        return Committee(networks, centre, scale, _REACH * between)


def feeding(
    settings: CommitteeSettings,
    n: int,
    rng: np.random.Generator,
    allowed: npt.NDArray[np.bool] | None = None,
) -> FloatArray:
    """How often each member sees each of n points.

    Parameters
    ----------
    settings : CommitteeSettings
        Its feed and number of members.
    n : int
        Points.
    rng : Generator
        Draws the bootstrap samples, or the shares.
    allowed : bool array (n,), optional
        Points that may be seen; all by default.

    Returns
    -------
    array (member, n)

    Raises
    ------
    DataError
        If split data would leave a member with fewer than two points.

    Examples
    --------
    Every member sees its own third of six points:

    >>> import numpy as np
    >>> from bmm.emulation.committee import feeding
    >>> from bmm.emulation.network_settings import CommitteeSettings
    >>> shares = feeding(CommitteeSettings(members=3, feed="split"), 6, np.random.default_rng(0))
    >>> shares.sum(axis=1), shares.sum(axis=0)
    (array([2., 2., 2.]), array([1., 1., 1., 1., 1., 1.]))
    """
    seen = np.flatnonzero(np.ones(n, dtype=bool) if allowed is None else allowed)
    weights = np.zeros((settings.members, n))
    match settings.feed:
        case "shared":
            weights[:, seen] = 1.0
        case "bootstrap":
            weights[:, seen] = rng.multinomial(
                len(seen), np.full(len(seen), 1 / len(seen)), size=settings.members
            )
        case "split":
            if len(seen) < 2 * settings.members:
                raise DataError(
                    f"{len(seen)} points cannot be split among {settings.members} members: "
                    "expected two for each at least"
                )
            share = rng.permutation(np.arange(len(seen)) % settings.members)
            weights[share, seen] = 1.0
    return weights
