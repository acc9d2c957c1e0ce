"""Targets and candidates as a user writes them."""

import numpy as np
import pytest

from bmm.design import DripLine, find_candidates, rank_candidates, read_target
from bmm.errors import BmmError, ConfigError
from bmm.nuclides import nuclide_index, numbers


def target(patch, text):
    return read_target(text, patch.forecast)


def candidates(patch, text):
    return find_candidates(text, patch.forecast)


def test_regions_chains_nuclides_and_files(patch, tmp_path):
    region = target(patch, "masses Z=41-42 N=54-58")
    assert region.nuclei.tolist() == [(z, n) for z in (41, 42) for n in (56, 57, 58)]
    assert target(patch, "masses 42,60 41,60").nuclei.tolist() == [(41, 60), (42, 60)]
    path = tmp_path / "path.csv"
    path.write_text("Z,N\n42,58\n40,50\n41,59\n")
    listed = target(patch, f"masses {path}")
    assert sorted(listed.nuclei.tolist()) == [(41, 59), (42, 58)]
    assert candidates(patch, str(path)).tolist() == [(41, 59), (42, 58)]


def test_an_energy_has_its_measured_part_as_known(patch):
    chain = target(patch, "S_2n Z=42")
    assert numbers(chain.nuclei)[1].tolist() == [56, 57, 58, 59, 60, 61]
    assert chain.known_variance == pytest.approx([0.05**2] * 2 + [0] * 4)
    assert (chain.form.rows < 0).sum() == 2
    assert len(chain.form.nuclei) == 6


def test_neighbours_are_unmeasured_and_one_step_away(patch):
    found = candidates(patch, "neighbours")
    assert (numbers(found)[1] == 56).all()
    assert not found.isin(patch.forecast.measured.index).any()


def test_a_drip_line_needs_two_elements_more(patch):
    found = target(patch, "drip-line Mo")
    assert isinstance(found, DripLine)
    assert (found.Z, found.side) == (42, "neutron")
    assert set(numbers(found.nuclei)[0]) == {40, 41, 42}
    assert (numbers(found.nuclei)[1] >= 56).all()
    assert target(patch, "drip-line z=42 neutron").nuclei.equals(found.nuclei)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mass Z=42", "expected it to begin with one of masses, S_1n"),
        ("", "expected it to begin with"),
        ("masses", "target: expected nuclei"),
        ("masses Z=90", "'Z=90' selects none"),
        ("masses Xx-100", "names no element"),
        ("masses Z=41 N=52", "is not measured"),
        ("S_2p Z=40", "need a mass that no model covers"),
        ("masses nowhere.csv", "nowhere.csv: cannot be read"),
        ("drip-line Xx", "'Xx' names no element"),
        (
            "drip-line Pb",
            "no isotope of Pb that is not measured; expected an element",
        ),
        ("drip-line Mo up", "expected the side neutron or proton"),
        ("drip-line Mo proton", "that the models predict on this side is measured"),
    ],
)
def test_bad_targets_are_named(patch, text, message):
    with pytest.raises(BmmError, match=message) as caught:
        target(patch, text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("Z,N\n42,58\n82,126\n", "path.csv: Pb-208: expected target"),
        ("Z,N\n42,58\n42,58\n", "line 3: Z=42, N=58 comes a second time"),
        ("Z,N\n42,x\n", "line 2: 'x' in column 'N' is not a whole number"),
        ("Z,N\n", "expected one nucleus per line"),
        ("proton,neutron\n42,58\n", "no column 'Z'"),
    ],
)
def test_bad_lists_are_named(patch, tmp_path, content, message):
    path = tmp_path / "path.csv"
    path.write_text(content)
    with pytest.raises(BmmError, match=message):
        target(patch, f"masses {path}")


def test_bad_candidates_are_named(patch):
    with pytest.raises(BmmError, match="all are measured"):
        candidates(patch, "Z=42 N=50-55")
    with pytest.raises(BmmError, match="candidates 'Z=12'"):
        candidates(patch, "Z=12")


def test_nuclei_that_no_model_covers_are_named(patch):
    with pytest.raises(BmmError, match="Pb-208: expected an unmeasured nucleus"):
        rank_candidates(
            patch.forecast, nuclide_index([82], [126]), target(patch, "masses Z=42"),
            precision=0.02, count=1,
        )  # fmt: skip


@pytest.mark.parametrize("wrong", [{"precision": 0.0}, {"count": 0}, {"outcomes": 1},
                                   {"precision": np.nan}])  # fmt: skip
def test_impossible_numbers_are_refused(patch, wrong):
    with pytest.raises(ConfigError, match="expected a precision above 0"):
        rank_candidates(
            patch.forecast, candidates(patch, "neighbours"), target(patch, "masses Z=42"),
            **({"precision": 0.02, "count": 1} | wrong),
        )  # fmt: skip
