import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bmm.data import load_differences, load_measured
from bmm.errors import DataError
from bmm.measurement import link_errors
from bmm.measurement.link_errors import earlier_revisions, learn_link_errors, revised_links
from bmm.measurement.links import KINDS, link_masses
from bmm.measurement.scale_mixture import student_t_mixture


@pytest.mark.parametrize("nu", [1.5, 3.0, 8.0])
def test_the_mixture_is_a_student_t(nu):
    weight, variance = student_t_mixture(nu)
    assert weight.sum() == pytest.approx(1)
    at = np.array([0.2, 1.0, 3.0, 10.0])
    tail = (weight * stats.norm.sf(at[:, None] / np.sqrt(variance))).sum(axis=1)
    assert tail == pytest.approx(stats.t(nu).sf(at), rel=0.12)


def test_a_mixture_of_many_degrees_of_freedom_is_normal():
    _, variance = student_t_mixture(1e8)
    assert variance == pytest.approx(1, abs=1e-3)


def simulated(n, nu, sigma, delta, tau, rho, seed):
    """Revised links scattered over a chart."""
    rng = np.random.default_rng(seed)
    cells = rng.choice(40 * 40, n, replace=False)
    Z, N = 20 + cells // 40, 30 + cells % 40
    kind = rng.integers(0, len(KINDS), n)
    sd = np.exp(rng.uniform(np.log(0.02), np.log(0.3), n))
    apart = (Z[:, None] - Z) ** 2 + (N[:, None] - N) ** 2
    shared = (
        tau
        * np.linalg.cholesky(np.exp(-0.5 * apart / rho**2) + 1e-8 * np.eye(n))
        @ rng.standard_normal(n)
    )
    z = delta[kind] + sigma[kind] * stats.t(nu).rvs(n, random_state=rng) + shared
    return pd.DataFrame(
        {"Z": Z, "N": N, "kind": kind, "error": sd * z, "sd": sd, "u": 0.2 * sd, "transition": 0}
    )


def test_simulated_errors_are_recovered(monkeypatch):
    sigma = np.array([0.5, 0.8, 1.2, 0.5, 0.8, 1.2, 0.8])
    delta = np.array([0.6, 0.0, -0.6, 0.3, 0.0, 0.0, 0.0])
    data = simulated(1500, 3.0, sigma, delta, 0.6, 2.0, seed=1)
    monkeypatch.setattr(link_errors, "earlier_revisions", lambda evaluation: data)
    found = learn_link_errors.__wrapped__("AME2020")
    assert found.nu == pytest.approx(3.0, rel=0.3)
    assert found.scale == pytest.approx(sigma, rel=0.25)
    assert found.shift == pytest.approx(delta, abs=0.25)
    assert found.shared == pytest.approx(0.6, abs=0.2)
    assert found.length == pytest.approx(2.0, abs=1.0)
    assert found.revised.sum() == 1500


def test_what_the_evaluations_before_ame2003_teach():
    found = learn_link_errors("AME2003")
    assert found.revised.sum() == 324
    assert 1.5 < found.nu < 2.1
    assert 0.4 < found.shared < 0.8
    facts = found.facts["kinds"]
    assert facts["beta-"]["revised"] == 92
    assert abs(facts["beta-"]["delta"]) < 0.15
    assert facts["direct, proton-rich"] == {
        "delta": pytest.approx(0, abs=1e-3), "sigma": pytest.approx(0.6, abs=0.05), "revised": 0,
    }  # fmt: skip


def test_no_later_evaluation_is_read():
    rows = earlier_revisions("AME2003")
    assert sorted(rows["transition"].unique()) == [0, 1]
    assert earlier_revisions("AME1983").empty
    with pytest.raises(DataError, match="0 links of earlier evaluations"):
        learn_link_errors("AME1983")


def test_a_revised_link_is_the_error_beyond_its_parents():
    masses = load_measured("AME2003").loc[[(50, 84), (51, 83)]]
    links = link_masses(masses, load_differences("AME2003"))
    later = masses.assign(
        mass_excess=masses["mass_excess"] + [0.3, 0.1],
        mass_excess_uncertainty=[0.01, 0.02],
    )
    found = revised_links(links, later)
    assert found["error"].to_list() == pytest.approx([0.2, 0.1], rel=1e-4)
    assert found["u"].to_list() == [0.01, 0.02]
    unchanged = revised_links(links, masses)
    assert unchanged.empty
