"""Figures of the mixture density network show what they were given."""

import numpy as np
import pandas as pd
import pytest

from bmm.data import load_measured, load_theory, models_folder
from bmm.figures.network import extrapolation_figure, shapley_figure
from bmm.theory.mdn.model_file import read_ensemble


def test_features_are_ranked_from_above():
    ranking = pd.DataFrame(
        {"mean_absolute": [5.0, 0.2], "sd": [1.0, 0.1]}, index=pd.Index(["A", "pairing"])
    )
    (axes,) = shapley_figure(ranking).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["A", "pairing"]
    places = axes.lines[0].get_ydata()
    assert places[0] > places[1]
    np.testing.assert_array_equal(axes.lines[0].get_xdata(), [5.0, 0.2])
    assert axes.get_xlabel().endswith("(MeV)")


def test_chains_are_drawn_with_their_bands():
    ensemble = read_ensemble(models_folder() / "MDN.npz")
    measured = load_measured("AME2020").query("Z >= 40 and Z <= 70")
    chart = load_theory("DZ28").query("Z >= 40 and Z <= 70").index
    others = {"FRDM1995": load_theory("FRDM1995")["mass_excess"]}
    figure = extrapolation_figure(ensemble, measured, others, chart, rounds=8)
    assert [axes.get_title() for axes in figure.axes] == ["Nd, Z = 60", "In, Z = 49"]
    neodymium = figure.axes[0]
    assert len(neodymium.collections) == 3
    lines = {line.get_label(): line for line in neodymium.lines}
    N = lines["measured"].get_xdata()
    shown = lines["measured"].get_ydata()
    mass = measured.loc[(60, 82), "mass_excess"]
    said = ensemble.predict(pd.MultiIndex.from_tuples([(60, 82)], names=["Z", "N"]))
    assert shown[list(N).index(82)] == pytest.approx(mass - said.mean[0], abs=1e-9)
    known = measured.index.get_level_values("N")[measured.index.get_level_values("Z") == 60]
    reached = N[np.isfinite(lines["Garvey-Kelson, iterated alone"].get_ydata())]
    assert not set(reached) & set(known)
    assert len(reached)
