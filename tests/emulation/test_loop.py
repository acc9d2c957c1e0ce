"""The active learning loop: data it uses, choice of points, end, and resumption."""

import pickle

import numpy as np
import pytest

from bmm.emulation import loop
from bmm.emulation.acquisition import choose
from bmm.emulation.calibration import Calibration
from bmm.emulation.experiments import (
    Experiment,
    experiment_task,
    keep_experiment,
    rounds_table,
    run_experiment,
    summarise,
)
from bmm.emulation.loop import LoopSettings, points_of, run_loop, start_set
from bmm.emulation.loop_state import read_state, write_state
from bmm.emulation.stationary import ProcessLearner
from bmm.errors import ConfigError, RunError

SHORT = LoopSettings(start=0.05, budget=0.15, growth=0.5, within=20.0, marks=(0.1,))


@pytest.fixture(scope="module")
def whole(small, surface):
    states = []
    run_loop(surface, small, SHORT, 7, after=states.append)
    return states


def test_the_budget_is_spent_and_marks_are_met(whole, surface):
    sizes = [each.points for each in whole[-1].rounds]
    n = len(surface)
    assert sizes[0] == round(0.05 * n)
    assert sizes[-1] == round(0.15 * n)
    assert round(0.1 * n) in sizes
    computed = whole[-1].computed.tolist()
    assert len(set(computed)) == len(computed) == sizes[-1]
    assert whole[-1].prediction_errors.shape == (sizes[-1] - sizes[0], 2)


def test_points_go_where_energies_matter(whole, surface):
    rounds = whole[-1].rounds
    share = SHORT.energy_window(surface).contains(surface.energy).mean()
    added = rounds[-1].points - rounds[0].points
    assert rounds[-1].inside - rounds[0].inside > 1.3 * share * added
    assert rounds[-1].rmse < rounds[0].rmse


def test_the_variance_of_a_point_counts_by_its_squared_probability_to_matter(surface, monkeypatch):
    asked = []

    def overhear(name, predicted, points, computed, batch, weight, rng):
        asked.append((predicted, weight))
        return choose(name, predicted, points, computed, batch, weight, rng)

    monkeypatch.setattr(loop, "choose", overhear)
    run_loop(surface, ProcessLearner(), SHORT.model_copy(update={"budget": 0.06}), 1)
    ((predicted, weight),) = asked
    # There are no residuals yet, so that the stated uncertainty is taken as it is.
    probability = SHORT.energy_window(surface).probability(
        predicted.mean, Calibration().sd(predicted.sd)
    )
    np.testing.assert_allclose(weight, probability**2)
    assert 0.1 < weight.mean() < 0.9


def test_only_computed_energies_are_looked_at(whole, surface, small):
    """A loop on a surface whose other energies are scrambled computes the same points."""
    state = whole[1]
    others = np.ones(len(surface), dtype=bool)
    others[state.computed] = False
    energy = surface.energy.copy()
    energy[others] = np.random.default_rng(0).permutation(energy[others])
    settings = SHORT.model_copy(
        update={"minimum": float(surface.energy.min()), "budget": float(len(state.computed))}
    )
    scrambled = type(surface)("scrambled", surface.axes, surface.points, energy)
    again = run_loop(scrambled, small, settings.model_copy(update={"marks": (0.1,)}), 7)
    np.testing.assert_array_equal(again.computed, state.computed)


def test_a_resumed_loop_ends_as_one_that_was_not(whole, surface, small, tmp_path):
    path = tmp_path / "state.npz"
    assert read_state(path, small, {"seed": 7}, 2) is None
    for state in whole[:-1]:
        write_state(path, state, small, {"seed": 7})
        again = run_loop(surface, small, SHORT, 7, resumed=read_state(path, small, {"seed": 7}, 2))
        np.testing.assert_array_equal(again.computed, whole[-1].computed)
        np.testing.assert_array_equal(again.means, whole[-1].means)
        assert again.rounds == whole[-1].rounds


def test_a_state_of_another_loop_is_refused(whole, small, tmp_path):
    path = tmp_path / "state.npz"
    write_state(path, whole[0], small, {"seed": 7})
    with pytest.raises(RunError, match="was made with another 'seed'"):
        read_state(path, small, {"seed": 8}, 2)
    path.write_bytes(b"nothing")
    with pytest.raises(RunError, match="is not the file that was written"):
        read_state(path, small, {"seed": 7}, 2)


def test_the_loop_stops_at_a_target_error(surface):
    settings = SHORT.model_copy(update={"budget": 0.9, "target_error": 1.0})
    state = run_loop(surface, ProcessLearner(), settings, 1)
    assert state.rounds[-1].estimated <= 1.0
    assert all(each.estimated > 1.0 for each in state.rounds[:-1])
    assert state.rounds[-1].points < 0.9 * len(surface)


@pytest.mark.parametrize("kind", ["process", "committee"])
def test_a_worker_leaves_the_file_that_this_process_would(kind, small, surface, tmp_path):
    learner = small if kind == "committee" else ProcessLearner()
    experiment = Experiment("spread", learner, SHORT)
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    run_experiment(surface, experiment, 3, tmp_path / "here")
    # What Dask does: task and result travel as bytes.
    task = pickle.loads(pickle.dumps(experiment_task(surface, experiment, 3, tmp_path / "there")))
    result = pickle.loads(pickle.dumps(task.function(*task.arguments)))
    keep_experiment(surface, experiment, 3, tmp_path / "there", result)
    here, there = (np.load(tmp_path / name / "spread-3.npz") for name in ("here", "there"))
    assert set(here.files) == set(there.files)
    for name in here.files:
        np.testing.assert_array_equal(here[name], there[name])


def test_choosing_beats_chance_with_a_process(surface, tmp_path):
    tables = []
    everywhere = np.ones(len(surface), dtype=bool)
    for name in ("spread", "random"):
        experiment = Experiment(
            name, ProcessLearner(), SHORT.model_copy(update={"acquisition": name})
        )
        for seed in range(2):
            state = run_experiment(surface, experiment, seed, tmp_path)
            tables.append(rounds_table(name, seed, state, surface.energy, everywhere))
            assert (tmp_path / f"{name}-{seed}.npz").exists()
    summary = summarise(tables)
    assert (summary["seeds"] == 2).all()
    whole = np.sqrt(((state.mean - surface.energy) ** 2).mean())
    assert tables[-1]["rmse_smooth"].iloc[-1] == pytest.approx(whole)
    assert (summary["rmse_lower"] <= summary["rmse_upper"]).all()
    last = summary[summary["points"] == summary["points"].max()].set_index("loop")
    assert last.loc["spread", "rmse_median"] < last.loc["random", "rmse_median"]


@pytest.mark.parametrize(
    ("amounts", "message"),
    [
        ({"budget": 0.03}, "budget = 0.03 means 16 points: expected at least the 27 of the start"),
        ({"budget": 5000}, "at most all 540"),
        ({"start": 4}, "start = 4 means 4 of the 540 points: expected at least 5"),
    ],
)
def test_impossible_amounts_are_refused(surface, amounts, message):
    with pytest.raises(ConfigError, match=message):
        start_set(surface, SHORT.model_copy(update=amounts), 0)


def test_amounts_are_shares_or_numbers():
    assert points_of(0.1, 540) == 54
    assert points_of(1.0, 540) == 540
    assert points_of(210, 540) == 210


def test_a_minimum_needs_a_width():
    with pytest.raises(ValueError, match="expected 'within' as well"):
        LoopSettings(minimum=-1800.0)
