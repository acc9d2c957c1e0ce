"""Learning new masses by reweighting is what fitting them as well would give."""

import numpy as np
import pytest

from bmm.errors import DataError, DomainError, RunError
from bmm.mixing.fit import fit
from bmm.mixing.reweighting import update
from bmm.prediction.predictive import predict

NEW = slice(3, 48, 15)


@pytest.fixture(scope="module")
def parts(world):
    late = np.zeros(len(world.measured), dtype=bool)
    late[NEW] = True
    early = fit(
        world.measured[~late], world.theory.isel(nucleus=~late), world.chart, world.settings, seed=8
    )
    return early, world.measured[late]


@pytest.fixture(scope="module")
def updated(parts):
    return update(*parts, seed=3)


def test_reweighting_agrees_with_a_fit_to_all_masses(parts, updated, fitted):
    assert updated.reweighting.reliable
    ours, theirs = (each["posterior"].to_dataset() for each in (updated.tree, fitted))
    own = parts[0]["posterior"].to_dataset()
    for name in ("sigma", "mu", "eta"):
        found, expected = (np.log(np.abs(each[name])) for each in (ours, theirs))
        sd = expected.std(("chain", "draw"))
        # Some hundred effective draws on each side.
        error = sd * np.sqrt(1 / updated.reweighting.effective + 1 / 100)
        off = found.mean(("chain", "draw")) - expected.mean(("chain", "draw"))
        assert (np.abs(off) < 4 * error).all(), name
        assert found.sizes == np.log(np.abs(own[name])).sizes
    before, after, refit = (
        predict(tree, seed=1).summary for tree in (parts[0], updated.tree, fitted)
    )
    moved = float(np.sqrt(((before["mean"] - refit["mean"]) ** 2).mean()))
    left = float(np.sqrt(((after["mean"] - refit["mean"]) ** 2).mean()))
    assert left < 0.6 * moved
    # Not the standard deviation: a single draw with two degrees of freedom makes it infinite.  Nor
    # each nucleus: where the models are far apart, an end of its interval lies on either side.
    width, expected = ((x["upper_68"] - x["lower_68"]).to_numpy() for x in (after, refit))
    off = np.abs(np.log(width / expected))
    assert np.median(off) < 0.06
    assert off.mean() < 0.12


def test_the_tree_is_whole(world, parts, updated, fitted):
    tree = updated.tree
    for group in ("observed_data", "constant_data", "chart"):
        assert tree[group].to_dataset().equals(fitted[group].to_dataset()), group
    assert tree["log_likelihood"].sizes == fitted["log_likelihood"].sizes
    assert np.isfinite(tree["log_likelihood"]["mass_excess"]).all()
    assert "sample_stats" not in tree.children
    assert tree.attrs["mixing"] == parts[0].attrs["mixing"]
    # The density of the new masses is that which the early fit predicts.
    expected = predict(parts[0], measured=world.measured).summary
    names = expected["nucleus"].to_numpy()[
        [int(np.flatnonzero((expected["Z"] == Z) & (expected["N"] == N))[0])
         for Z, N in updated.log_density.index]
    ]  # fmt: skip
    assert updated.log_density.to_numpy() == pytest.approx(
        expected["log_density"].sel(nucleus=names).to_numpy(), abs=1e-4
    )


def test_surprising_masses_are_refused(parts):
    early, new = parts
    far = new.assign(mass_excess=new["mass_excess"] + 40.0)
    with pytest.raises(
        RunError, match=r"by 3 new masses: the Pareto k-hat .* is .*, expected at most 0\.63"
    ):
        update(early, far)


def test_what_cannot_be_learnt_is_named(world, parts, updated):
    early, new = parts
    with pytest.raises(DataError, match="was not fitted to"):
        update(early, world.measured.iloc[:2])
    with pytest.raises(DataError, match="at least one"):
        update(early, new.iloc[:0])
    elsewhere = new.iloc[:1].rename(index={new.index[0][0]: 90}, level="Z")
    with pytest.raises(DomainError, match="not on the prediction chart"):
        update(early, elsewhere)
    with pytest.raises(RunError, match="learnt new masses already"):
        update(updated.tree, new)
