"""Coefficients of the Duflo-Zuker formulas: the published sets, and fits to training nuclei.

Every fit is a linear least squares on a design matrix.  Fitted to ``"B"`` the binding energies
carry equal weights; fitted to ``"B/A"`` row and target are divided by A.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from bmm.errors import DataError
from bmm.theory.duflo_zuker.filling import FloatArray, IntArray

__all__ = [
    "PUBLISHED_DZ10",
    "Target",
    "TrainingEnergies",
    "fit_individual",
    "fit_joint",
    "fit_with_switch",
]

Target = Literal["B", "B/A"]

PUBLISHED_DZ10: dict[str, FloatArray] = {
    # Fortran of J. Duflo and A. P. Zuker, private communication to AMDC, February 1996.
    "published": np.array(
        [0.7043, 17.7418, 16.2562, 37.5562, 53.9017, 0.4711, 2.1307, 0.0210, 40.5356, 6.0632]
    ),
    # Recovered by a fit to the 9311 mass excesses of the AMDC table du_zu_10.feb96.
    "amdc-table": np.array(
        [
            *(0.704169110, 17.7432198, 16.2693060, 37.6084972, 54.1915106),
            *(0.472153134, 2.13604946, 0.0210337280, 40.5473749, 6.27290909),
        ]
    ),
    # J. Mendoza-Temis, J. G. Hirsch, A. P. Zuker, Nucl. Phys. A 843, 14 (2010), Table II; the
    # printed digits cost 0.2 MeV of rms.
    "mendoza-temis-2010": np.array(
        [0.707, 17.766, 16.314, 37.515, 53.351, 0.478, 2.183, 0.022, 41.338, 6.199]
    ),
}
"""Named DZ10 coefficients b1 ... b10, MeV."""

_SETTLED = 1e-10
"""Largest change of a coefficient, MeV, at which the joint fit has converged."""


@dataclass(frozen=True, slots=True)
class TrainingEnergies:
    """Binding energies of the training nuclei, and the weights of their residuals.

    Parameters
    ----------
    Z, N : array (n,) of int
        Proton and neutron numbers.
    binding_energy : array (n,)
        Atomic binding energy, MeV.
    target : {"B", "B/A"}
        The quantity whose squared residuals are summed.

    Examples
    --------
    Residuals of the energy per nucleon count by 1 / A:

    >>> import numpy as np
    >>> from bmm.theory.duflo_zuker.coefficients import TrainingEnergies
    >>> energies = TrainingEnergies(np.array([50]), np.array([50]), np.array([825.0]), "B/A")
    >>> energies.weight
    array([0.01])
    """

    Z: IntArray
    N: IntArray
    binding_energy: FloatArray
    target: Target

    @property
    def weight(self) -> FloatArray:
        """Factor on each nucleus' residual; array (n,)."""
        A = self.Z + self.N
        return 1.0 / A if self.target == "B/A" else np.ones(A.shape)


def fit_with_switch(
    training: TrainingEnergies,
    spherical: FloatArray,
    deformed: FloatArray,
    may_deform: npt.NDArray[np.bool],
    start: FloatArray,
) -> FloatArray:
    """Fit one coefficient vector through the spherical/deformed switch.

    Alternates between the branch that each nucleus takes with the current coefficients (the
    larger binding energy, where it may deform) and least squares on those branches, until the
    branches repeat.  A few nuclei may keep changing sides; the best coefficients of that cycle
    are then taken.  No mass enters but the training ones: `start` only chooses the first branches.

    Parameters
    ----------
    training : TrainingEnergies
        The n nuclei to fit.
    spherical, deformed : array (n, term)
        Design matrices of the two branches.
    may_deform : array (n,) of bool
        Where the deformed branch is considered.
    start : array (term,)
        Coefficients that choose the first branches, MeV.

    Returns
    -------
    array (term,)
        Coefficients, MeV.

    Raises
    ------
    DataError
        If the training nuclei do not determine every coefficient.
    """
    b = start
    visited: dict[bytes, FloatArray] = {}
    while True:
        branch = may_deform & (deformed @ b > spherical @ b)
        branches = branch.tobytes()
        if branches in visited:
            break
        rows = np.where(branch[:, None], deformed, spherical)
        b = visited[branches] = _least_squares(rows, training)
    cycle = list(visited.values())[list(visited).index(branches) :]

    def cost(b: FloatArray) -> float:
        energy = np.where(may_deform, np.maximum(spherical @ b, deformed @ b), spherical @ b)
        return float((((training.binding_energy - energy) * training.weight) ** 2).sum())

    return min(cycle, key=cost)


def fit_joint(training: TrainingEnergies, designs: FloatArray, start: FloatArray) -> FloatArray:
    """Fit one coefficient vector to the best configuration of each nucleus.

    Alternates between the configuration with the smallest residual and least squares on the
    chosen rows.  Each step lowers the sum of squares, so it ends, in a local optimum near `start`.

    Parameters
    ----------
    training : TrainingEnergies
        The n nuclei to fit.
    designs : array (configuration, n, term)
        Design matrix of each configuration.
    start : array (term,)
        Coefficients that choose the first configurations, MeV.

    Returns
    -------
    array (term,)
        Coefficients, MeV.

    Raises
    ------
    DataError
        If the training nuclei do not determine every coefficient.

    Examples
    --------
    Two configurations; the second describes the last nucleus:

    >>> import numpy as np
    >>> from bmm.theory.duflo_zuker.coefficients import TrainingEnergies, fit_joint
    >>> first = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]])
    >>> second = first + np.array([0.0, 1.0])
    >>> Z = N = np.array([20, 21, 22])
    >>> training = TrainingEnergies(Z, N, np.array([3.0, 4.0, 6.0]), "B")
    >>> fit_joint(training, np.stack([first, second]), np.array([3.0, 0.9])).round(6) + 0.0
    array([3., 1.])
    """
    nuclei = np.arange(designs.shape[1])
    b, change = start, np.inf
    # Not until the choice repeats: where N = Z, mirror configurations tie to rounding.
    while change > _SETTLED:
        best = np.abs(training.binding_energy - designs @ b).argmin(axis=0)
        previous, b = b, _least_squares(designs[best, nuclei], training)
        change = np.abs(b - previous).max()
    return b


def fit_individual(training: TrainingEnergies, design: FloatArray, terms: IntArray) -> FloatArray:
    """Fit the coefficients of one configuration by itself.

    Parameters
    ----------
    training : TrainingEnergies
        The n nuclei to fit.
    design : array (n, term)
        Design matrix of the configuration.
    terms : array of int
        Columns that the configuration uses; the other coefficients are zero.

    Returns
    -------
    array (term,)
        Coefficients, MeV.

    Raises
    ------
    DataError
        If the training nuclei do not determine every coefficient.

    Examples
    --------
    Energies that two terms describe exactly:

    >>> import numpy as np
    >>> from bmm.theory.duflo_zuker.coefficients import TrainingEnergies, fit_individual
    >>> design = np.array([[1.0, 0.0, 2.0], [1.0, 1.0, 0.0], [1.0, 2.0, 1.0]])
    >>> Z = N = np.array([20, 21, 22])
    >>> training = TrainingEnergies(Z, N, design @ np.array([3.0, 0.5, 0.0]), "B")
    >>> fit_individual(training, design, np.array([0, 1])).round(6)
    array([3. , 0.5, 0. ])
    """
    b = np.zeros(design.shape[1])
    b[terms] = _least_squares(design[:, terms], training)
    return b


def _least_squares(rows: FloatArray, training: TrainingEnergies) -> FloatArray:
    weighted = rows * training.weight[:, None]
    length = np.linalg.norm(weighted, axis=0)
    length[length == 0] = 1.0
    scaled, _, rank, _ = np.linalg.lstsq(
        weighted / length, training.binding_energy * training.weight
    )
    if rank < rows.shape[1]:
        raise DataError(
            f"the {len(rows)} training nuclei of the Duflo-Zuker fit determine only {rank} of its "
            f"{rows.shape[1]} coefficients: expected more nuclei, some of them deformed "
            "(well above Z = 50), or published coefficients"
        )
    return np.asarray(scaled / length)
