"""Posing the problem: folds, standardisation, and input that cannot be used."""

import numpy as np
import pytest

from bmm.data import load_measured
from bmm.errors import DataError
from bmm.theory.mdn.garvey_kelson import find_relations
from bmm.theory.mdn.mdn_settings import Constraint, MdnSettings
from bmm.theory.mdn.training_data import pose

SETTINGS = MdnSettings(features="M12", members=10, folds=5)


def test_every_nucleus_is_held_out_from_its_share_of_the_members(training, chart):
    problem = pose(training, chart, SETTINGS)
    held = ~(problem.learns | problem.validates)
    assert not (problem.learns & problem.validates).any()
    assert (held.sum(axis=0) == 2).all()
    for member in range(10):
        assert (problem.fold[held[member]] == member % 5).all()
    share = problem.validates.sum(axis=1) / (~held).sum(axis=1)
    assert np.abs(share - 0.1).max() < 0.01


def test_without_folds_every_member_is_given_all(training, chart):
    problem = pose(training, chart, MdnSettings(features="M12", folds=0, members=3))
    assert (problem.learns | problem.validates).all()
    assert (problem.fold == -1).all()
    assert (problem.validates[0] != problem.validates[1]).any()


def test_relations_go_beyond_the_measured_nuclei(training, chart):
    problem = pose(training, chart, SETTINGS)
    assert len(problem.x) == len(chart.union(training.index))
    assert len(problem.relations) > 5 * len(find_relations(training.index)) > 0
    np.testing.assert_allclose(problem.x[problem.rows].mean(axis=0), 0, atol=1e-12)
    assert problem.target.std() == pytest.approx(1)


def test_too_few_nuclei_are_refused(training, chart):
    with pytest.raises(DataError, match="needs at least 100 training nuclei, not 30"):
        pose(training.iloc[:30], chart, SETTINGS)


def test_nuclei_without_neighbours_are_refused():
    lonely = load_measured("AME2020").query("Z % 2 == 0 and N % 2 == 0 and Z >= 8")
    with pytest.raises(DataError, match=r"none of the \d+ nuclei has the neighbours of a Garvey"):
        pose(lonely, lonely.index, SETTINGS)
    free = SETTINGS.model_copy(update={"lambda_phys": 0.0})
    assert len(pose(lonely, lonely.index, free).relations) == 0


def test_folds_must_share_the_members():
    with pytest.raises(ValueError, match="folds: expected 0, or a number from 2 that divides"):
        MdnSettings(members=10, folds=3)
    with pytest.raises(ValueError, match="unknown key 'colour'"):
        Constraint(colour="red")
