import numpy as np
import pandas as pd
import pytest

from bmm.data import MEASURED_TABLES, load_differences, load_measured
from bmm.measurement.links import KINDS, link_masses, stated_covariance
from bmm.theory.adapters import Domain


def evaluation(name):
    masses = load_measured(name)
    masses = masses[Domain(Z=(8, 118), N=(8, 320)).covers(masses.index)]
    return masses, load_differences(name)


def chain(origins, u, of_difference):
    """Isobars of A = 100 from Z = 40 on, each tied to the next by a beta decay."""
    Z = 40 + np.arange(len(u))
    index = pd.MultiIndex.from_arrays([Z, 100 - Z], names=["Z", "N"])
    masses = pd.DataFrame(
        {"mass_excess": 0.0, "mass_excess_uncertainty": u, "origin": origins}, index=index
    )
    differences = pd.DataFrame(
        {"Z": Z[:-1], "N": 100 - Z[:-1], "Z_other": Z[1:], "N_other": 99 - Z[:-1]}
    )
    return masses, differences.assign(quantity="Q_beta", uncertainty=of_difference)


def test_a_beta_chain_is_a_random_walk():
    # Each mass is the next one plus a decay energy of its own uncertainty.
    own = np.array([0.08, 0.06, 0.03])
    u = np.sqrt(np.cumsum(own[::-1] ** 2))[::-1]
    links = link_masses(*chain(["+", "+", "x"], u, own[:2]))
    assert links.parent.tolist() == [1, 2, -1]
    assert links.coefficient == pytest.approx([1, 1, 0])
    assert links.sd == pytest.approx(own)
    walk = np.array([[1, 1, 1], [0, 1, 1], [0, 0, 1]])
    assert links.spread.toarray() == pytest.approx(walk)
    assert [KINDS[each] for each in links.kind] == ["beta-", "beta-", "direct, neutron-rich"]


def test_an_uncorrelated_mass_is_a_link_of_its_own():
    u = np.array([0.08, 0.06])
    links = link_masses(*chain(["", "-a"], u, np.array([0.1])))
    assert links.parent.tolist() == [-1, -1]
    assert links.covariance == pytest.approx(np.diag(u**2))
    assert [KINDS[each] for each in links.kind] == ["primary", "alpha"]


@pytest.mark.parametrize("name", MEASURED_TABLES)
def test_the_tree_has_every_stated_uncertainty(name):
    links = link_masses(*evaluation(name))
    assert np.sqrt(np.diag(links.covariance)) == pytest.approx(links.u, rel=1e-4)
    order = np.argsort(np.argsort(links.u, kind="stable"))
    tied = links.parent >= 0
    assert tied.sum() > 200
    assert (order[links.parent[tied]] < order[tied]).all()


@pytest.mark.parametrize("name", ["AME2003", "AME2020"])
def test_the_tree_has_most_of_the_stated_covariances(name):
    masses, differences = evaluation(name)
    links = link_masses(masses, differences)
    stated = stated_covariance(masses, differences)
    assert abs(stated - stated.T).max() == 0
    assert stated.diagonal() == pytest.approx(links.u**2)
    told = stated.tocoo()
    precise = (links.u[told.row] > 5e-3) & (links.u[told.col] > 5e-3) & (told.row < told.col)
    i, j = told.row[precise], told.col[precise]
    scale = links.u[i] * links.u[j]
    of_tree = links.covariance[i, j] / scale
    # Links are fewer than differences: those that make none are reproduced on average.
    assert np.sqrt(np.mean((of_tree - told.data[precise] / scale) ** 2)) < 0.04
    used = links.parent[i] == j
    assert of_tree[used] == pytest.approx((told.data[precise] / scale)[used], abs=5e-3)
