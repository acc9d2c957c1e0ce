"""Expected reductions of the variance, where they are known otherwise."""

import numpy as np
import pytest
import xarray as xr

from bmm.design import find_candidates, rank_candidates, read_target
from bmm.design.energies import EnergyExpectedVariance
from bmm.design.gaussian_mixture import mixture_branches
from bmm.nuclides import labels, nuclide_index
from bmm.prediction.derived import derive
from bmm.prediction.joint_draws import sample_surfaces
from bmm.theory.adapters import numbers

TAU = 0.02


def rank(patch, target, candidates, correction=None, **options):
    correction = correction or patch.correction
    return rank_candidates(
        correction,
        find_candidates(candidates, correction.theory, patch.measured),
        read_target(target, correction.theory, patch.measured),
        patch.measured,
        precision=TAU,
        **options,
    )


def covariance(correction, name, nuclei):
    """Of one model, MeV^2: the factor is such that the Student-t has the field's variance."""
    return correction.models[name].field.covariance(*numbers(nuclei))


def test_one_gaussian_target_and_one_candidate(patch):
    found = rank(patch, "masses 42,58", "42,57", patch.alone)
    V = covariance(patch.alone, "one", nuclide_index([42, 42], [57, 58]))
    assert found.before**2 == pytest.approx(V[1, 1])
    row = found.alone.iloc[0]
    assert row["reduction"] * V[1, 1] == pytest.approx(V[0, 1] ** 2 / (V[0, 0] + TAU**2))
    assert row["reduction_error"] == 0
    assert row["sd"] == pytest.approx(np.sqrt(V[0, 0]))
    assert found.together.iloc[0]["reduction"] == row["reduction"]


@pytest.mark.parametrize("learn", [False, True])
def test_measuring_the_target_itself_leaves_the_precision(patch, learn):
    found = rank(patch, "masses 42,58", "42,58", learn=learn)
    V = [covariance(patch.correction, k, patch.index[[32]])[0, 0] for k in ("one", "two", "three")]
    left = np.mean([1 / (1 / v + 1 / TAU**2) for v in V])
    assert found.alone["left"].iloc[0] == pytest.approx(np.sqrt(left), rel=0.01)


def test_a_set_is_conditioning_on_all_of_it(patch):
    """Greedy steps of one model add up to the joint conditional normal."""
    found = rank(patch, "S_2n Z=41-43 N=56-59", "Z=42 N=56-61", patch.alone, count=3)
    chosen = nuclide_index(*numbers(found.together.index))
    V = covariance(patch.alone, "one", patch.index)
    at = patch.index.get_indexer(chosen)
    inner = V[np.ix_(at, at)] + TAU**2 * np.eye(3)
    after = V - V[:, at] @ np.linalg.solve(inner, V[at])

    def mean_variance(matrix):
        total = []
        for Z, N in read_target("S_2n Z=41-43 N=56-59", patch.alone.theory, patch.measured).nuclei:
            weights = np.zeros(len(patch.index))
            for dN, factor in ((-2, 1.0), (0, -1.0)):
                if (Z, N + dN) not in patch.measured.index:
                    weights[patch.index.get_loc((Z, N + dN))] = factor
            known = 0.05**2 if (Z, N - 2) in patch.measured.index else 0.0
            total.append(weights @ matrix @ weights + known)
        return np.mean(total)

    assert found.before**2 == pytest.approx(mean_variance(V))
    assert found.together["left"].iloc[-1] ** 2 == pytest.approx(mean_variance(after))


def test_the_first_of_a_set_is_the_best_alone_and_sets_only_gain(patch):
    found = rank(patch, "masses Z=41-43 N=57-61", "Z=40-44 N=56-57", count=4, learn=True)
    assert len(found.together) == 4
    assert found.together.index[0] == found.alone.index[0]
    assert found.alone["reduction"].is_monotonic_decreasing
    assert found.together["reduction"].is_monotonic_increasing
    assert found.together.index.is_unique
    assert found.together["reduction"].iloc[-1] < 1


def test_conditioning_is_fitting_the_field_with_the_datum(patch):
    """At fixed hyperparameters; the datum's uncertainty is 0.02 MeV on both sides."""
    new = nuclide_index([42], [57])
    others = patch.index[(patch.index.get_level_values("N") >= 58)]
    branch = mixture_branches(patch.alone, new.append(others))[0]
    branch.condition(branch.measured(0, TAU))
    refitted = patch.make(("one",), late=[(42, 57)])
    expected = covariance(refitted, "one", others)
    assert branch.covariance[1:, 1:] == pytest.approx(expected, abs=1e-10)


def test_branches_have_the_moments_of_following_a_model(patch):
    """Also where a model ends and its nuclei follow the others; alone, as on a surface."""
    nuclei = patch.index[[7, 20, 34, 35, 47, 58]]
    branches = mixture_branches(patch.correction, nuclei)
    assert len(branches) == 4
    weight = np.array([each.probability for each in branches])
    assert weight == pytest.approx([1 / 3, 1 / 3, 1 / 6, 1 / 6])
    means = np.stack([each.mean for each in branches])
    mean = weight @ means
    expected = np.einsum("b,bij->ij", weight, [each.covariance for each in branches])
    expected += (weight[:, None] * (means - mean)).T @ (means - mean)
    draws = patch.follow(patch.correction, nuclei, 40000, 1)
    assert draws.mean(axis=0) == pytest.approx(mean, abs=5 * np.sqrt(expected.max() / 40000))
    scale = np.sqrt(np.diag(expected))
    found = np.cov(draws.T) / scale / scale[:, None]
    assert found == pytest.approx(expected / scale / scale[:, None], abs=0.03)
    part = patch.correction.theory.isel(nucleus=patch.index.get_indexer(nuclei))
    surfaces = sample_surfaces(patch.correction, part, 40000, 1).to_numpy()
    assert surfaces.mean(axis=0) == pytest.approx(mean, abs=5 * np.sqrt(expected.max() / 40000))
    # A Student-t with four degrees of freedom has no fourth moment.
    assert surfaces.std(axis=0) == pytest.approx(scale, rel=0.05)


@pytest.mark.parametrize("learn", [False, True])
def test_the_average_over_outcomes_is_that_of_a_second_implementation(patch, learn):
    """One candidate, by quadrature over its outcome."""
    target = nuclide_index([42], [59])
    point = nuclide_index([42], [57])
    form = read_target("masses 42,59", patch.correction.theory, patch.measured).form
    branches = mixture_branches(patch.correction, point, form)
    outlook = EnergyExpectedVariance(branches, 0.3, 20000, np.random.default_rng(1), learn=learn)
    left, error = outlook.expect()
    both = mixture_branches(patch.correction, point.append(target))
    w = np.array([each.probability for each in both])
    m = np.stack([each.mean for each in both])
    V = np.stack([each.covariance for each in both])
    total = V[:, 0, 0] + 0.3**2
    gain = V[:, 0, 1] / total
    y = np.linspace(m[:, 0].min() - 12, m[:, 0].max() + 12, 20001)
    density = np.exp(-0.5 * (y[:, None] - m[:, 0]) ** 2 / total) / np.sqrt(2 * np.pi * total)
    mixed = density @ w
    share = w * density / mixed[:, None] if learn else np.broadcast_to(w, density.shape)
    after = m[:, 1] + gain * (y[:, None] - m[:, 0])
    mean = (share * after).sum(axis=1)
    variance = (share * (V[:, 1, 1] - gain * V[:, 0, 1] + after**2)).sum(axis=1) - mean**2
    exact = np.trapezoid(mixed * variance, y)
    assert left[0] == pytest.approx(exact, abs=4 * error[0])
    assert 0 < error[0] < 0.02 * exact


def test_learning_weights_can_only_reduce(patch):
    """Exact conditioning of a joint law: no variance is expected to grow."""
    found = rank(patch, "masses Z=40 N=58-61", "Z=44 N=58-61", learn=True)
    assert (found.alone["reduction"] > -3 * found.alone["reduction_error"]).all()


def test_the_variance_before_is_that_of_following_a_model(patch):
    target = read_target("S_2n Z=42", patch.correction.theory, patch.measured)
    found = rank(patch, "S_2n Z=42", "neighbours")
    new = patch.index.difference(patch.measured.index)
    masses = xr.DataArray(np.full((20000, len(patch.index)), np.nan), dims=("draw", "nucleus"))
    masses[:, patch.index.get_indexer(new)] = patch.follow(patch.correction, new, 20000, 2)
    known = patch.index.get_indexer(patch.measured.index)
    masses[:, known] = np.random.default_rng(3).normal(-60, 0.05, (20000, len(known)))
    Z, N = numbers(patch.index)
    drawn = masses.assign_coords(nucleus=labels(Z, N), Z=("nucleus", Z), N=("nucleus", N))
    energy = derive(drawn, "S_2n")
    expected = energy.isel(nucleus=patch.index.isin(target.nuclei)).var("draw").mean()
    assert found.before == pytest.approx(float(np.sqrt(expected)), rel=0.02)
    assert found.quantities == len(target.nuclei) == 6
