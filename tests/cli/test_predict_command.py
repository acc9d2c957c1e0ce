"""``bmm predict``: nuclei and chains of a finished run."""

import numpy as np
import pandas as pd
import pytest


@pytest.fixture(scope="module")
def predictions(whole):
    return pd.read_csv(whole.path / "predictions.csv")


def test_predict_a_nucleus(bmm, whole, predictions):
    row = predictions.query("Z == 50 and N == 82").iloc[0]
    shown = bmm("predict", whole.path, "Sn-132")
    assert shown.code == 0
    assert f"{row['mean']:.3f}" in shown.out
    assert "Sn-132" in shown.out
    for name in ("132Sn", "50,82"):
        assert bmm("predict", whole.path, name).out == shown.out


def test_predict_a_chain_as_csv(bmm, whole, predictions, tmp_path):
    shown = bmm("predict", whole.path, "Z=50", "N=82", "--csv")
    (tmp_path / "x.csv").write_text(shown.out)
    table = pd.read_csv(tmp_path / "x.csv")
    chosen = predictions[(predictions["Z"] == 50) | (predictions["N"] == 82)]
    pd.testing.assert_frame_equal(table, chosen.reset_index(drop=True))


def test_predict_marks_the_evaluators_estimates(bmm, whole, predictions):
    row = predictions[predictions["extrapolated"].notna()].iloc[0]
    shown = bmm("predict", whole.path, f"{row['Z']},{row['N']}").out
    assert f"{row['extrapolated']:.3f} #" in shown
    assert "#: not measured, estimated by the evaluators" in shown
    assert "#" not in bmm("predict", whole.path, "Sn-132").out


def test_predict_says_that_a_run_has_not_converged(bmm, runs):
    for options in ([], ["--csv"]):
        shown = bmm("predict", runs["short"].path, "Sn-132", *options)
        assert shown.code == 0
        assert shown.err == "NOT CONVERGED: the chains of this run disagree.\n"


def test_predict_derived_quantities(bmm, whole, tmp_path):
    derived = pd.read_csv(whole.path / "derived.csv")
    row = derived.query("Z == 50 and N == 82").iloc[0]
    shown = bmm("predict", whole.path, "Sn-132", "--quantity", "S_2n")
    assert shown.code == 0
    assert "S_2n (MeV)" in shown.out
    for column in ("mean", "sd", "lower_68", "upper_95"):
        assert f"{row[f'S_2n_{column}']:.3f}" in shown.out
    chain = bmm("predict", whole.path, "Z=50", "--quantity", "Q_alpha", "--csv")
    (tmp_path / "x.csv").write_text(chain.out)
    table, expected = pd.read_csv(tmp_path / "x.csv"), derived[derived["Z"] == 50]
    assert table["nucleus"].tolist() == expected["nucleus"].tolist()
    for column in ("mean", "lower_99.7"):
        np.testing.assert_allclose(table[column], expected[f"Q_alpha_{column}"])


def test_predict_leaves_out_what_needs_a_mass_that_the_run_does_not_have(bmm, whole):
    derived = pd.read_csv(whole.path / "derived.csv")
    name = derived.loc[derived["S_2n_mean"].isna(), "nucleus"].iloc[-1]
    shown = bmm("predict", whole.path, name, "--quantity", "S_2n")
    assert shown.code == 0
    assert "nan" not in shown.out
    assert "empty: a mass that is needed is not in the run" in " ".join(shown.out.split())


def test_predict_names_the_quantities_it_knows(bmm, whole):
    shown = bmm("predict", whole.path, "Sn-132", "--quantity", "S2n")
    assert (shown.code, shown.out) == (2, "")
    assert shown.err.startswith("error: quantity 'S2n': expected one of S_1n, S_2n,")


@pytest.mark.parametrize("name", ["U-238", "Xx-100", "Z=99", "nonsense", "50,82,1"])
def test_predict_off_the_chart(bmm, whole, name):
    shown = bmm("predict", whole.path, name)
    assert (shown.code, shown.out) == (2, "")
    assert shown.err.startswith("error: ")
    assert name in shown.err
    assert shown.err.count("\n") == 1
