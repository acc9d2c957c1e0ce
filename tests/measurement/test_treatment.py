"""Errors of masses of which some are no evaluation's, and errors that were stored."""

import numpy as np
import pytest

from bmm.data import MassErrors, load_measured, split_evaluation
from bmm.errors import DataError
from bmm.measurement.posterior import stored_errors
from bmm.measurement.treatment import errors_of_all, learn_errors
from bmm.nuclides import nuclide_index


def changed(measured):
    """Rb-90 replaced by a measurement of one's own, and a nucleus added."""
    mine = measured[["mass_excess", "mass_excess_uncertainty"]].copy()
    mine.loc[(37, 53), :] = [-79.3, 0.05]
    mine.loc[(37, 69), :] = [-45.0, 0.1]
    return mine.sort_index()


def test_masses_of_ones_own_are_told_from_those_of_the_evaluation(region):
    mine = changed(region[0])
    name, shared = split_evaluation(mine)
    assert name == "AME2003"
    assert set(mine.index[~shared]) == {(37, 53), (37, 69)}


def test_masses_of_no_evaluation_are_refused():
    masses = load_measured("AME2003").head(50)
    with pytest.raises(DataError, match="0 of 50 are those of"):
        split_evaluation(masses.assign(mass_excess=masses["mass_excess"] + 1.0))
    # Carbon-12 is zero in every evaluation.
    with pytest.raises(DataError, match="expected more"):
        split_evaluation(load_measured("AME2003").loc[[(6, 6)]])


def test_stored_errors_follow_from_links_and_what_neighbours_share(found):
    links, law, sites = found.links, found.law, found.posterior
    S = links.spread.toarray()
    Z, N = (np.asarray(links.nuclei.get_level_values(name)) for name in ("Z", "N"))
    squared = np.subtract.outer(Z, Z) ** 2 + np.subtract.outer(N, N) ** 2
    shared = law.shared**2 * np.outer(links.sd, links.sd) * np.exp(-squared / (2 * law.length**2))
    expected = S @ (np.diag(sites.variance) + shared) @ S.T
    errors = stored_errors(found.stored)
    assert errors.covariance == pytest.approx(expected, rel=1e-10, abs=1e-14)
    assert errors.shift == pytest.approx(S @ sites.mean, rel=1e-10, abs=1e-14)


def test_errors_of_ones_own_masses_are_as_stated_and_independent(region, found):
    mine = changed(region[0])
    errors = errors_of_all(found.stored, mine)
    assert list(errors.nuclei) == list(mine.index)
    new = errors.nuclei.get_loc((37, 69))
    assert errors.shift[new] == 0
    assert errors.covariance[new, new] == pytest.approx(0.1**2)
    assert np.count_nonzero(errors.covariance[new]) == 1


def test_a_replaced_mass_does_not_change_the_links_of_the_evaluation(region):
    measured, theory = region
    mine = changed(measured).drop((37, 69))
    found = learn_errors(mine, theory)
    assert (37, 53) not in found.links.nuclei
    replaced = errors_of_all(found.stored, mine)
    row = replaced.nuclei.get_loc((37, 53))
    assert replaced.covariance[row, row] == pytest.approx(0.05**2)


def test_joined_errors_keep_those_that_are_known():
    known = MassErrors(nuclide_index([50], [82]), np.array([0.1]), np.array([[0.04]]))
    joined = known.joined(nuclide_index([50, 51], [83, 82]), np.array([0.01, 0.09]))
    assert joined.shift.tolist() == [0.1, 0.0, 0.0]
    assert joined.covariance.tolist() == np.diag([0.04, 0.01, 0.09]).tolist()
