"""Finding models by name, and a user's own model from card to prediction."""

import logging

import numpy as np
import pytest

from bmm.conversions import binding_energy
from bmm.data import load_measured, load_theory
from bmm.errors import ConfigError, DataError
from bmm.nuclides import nuclide_index
from bmm.theory.adapters import predict_all
from bmm.theory.library import find_cards, load_model
from bmm.theory.model_summary import summarise_models

CARD = """
name = "mine"
adapter = "table"
file = "mine.txt"
citation = "somebody"
calibrated_on = "AME2020"
{extra}
[layout]
{layout}
"""


@pytest.fixture
def masses():
    """A published table, played back as if it were the user's."""
    return load_theory("FRDM2012")["mass_excess"]


def write(folder, lines, layout, extra=""):
    (folder / "mine.txt").write_text("\n".join(lines), encoding="utf-8")
    card = folder / "mine.toml"
    card.write_text(CARD.format(layout=layout, extra=extra), encoding="utf-8")
    return card


def predict(card, nuclei):
    model = load_model(card)
    return model.fit(load_measured("AME2020")).predict(nuclei)["mass_excess"].to_numpy()[:, 0]


def frdm_lines(masses):
    """The columns of the published FRDM(2012) table, made up but for Z, N, A and M_th."""
    yield "Z,N,A,eps2,eps3,beta2,E_s+p,E_mic,E_bind,M_th,M_exp,sigma_exp,E_mic_FL,M_th_FL"
    for (Z, N), mass in masses.items():
        yield f"{Z},{N},{Z + N},0.1,0.0,0.1,1.2,2.4,{binding_energy(Z, N, mass):.2f},{mass:.4f},,,,"


def test_the_published_frdm_layout(tmp_path, masses):
    layout = 'A = "A"\nvalue = "M_th"\nquantity = "mass_excess"\nunit = "MeV"'
    card = write(tmp_path, frdm_lines(masses), layout)
    np.testing.assert_allclose(predict(card, masses.index), masses, atol=1e-4)


def test_whitespace_by_position(tmp_path, masses):
    lines = ["a title", *(f"{Z + N:4d} {Z:4d} {mass:12.5f}" for (Z, N), mass in masses.items())]
    layout = (
        'format = "whitespace"\nskip = 1\nA = 1\nZ = 2\nvalue = 3\n'
        'quantity = "mass_excess"\nunit = "MeV"'
    )
    predicted = predict(write(tmp_path, lines, layout), masses.index)
    np.testing.assert_allclose(predicted, masses, rtol=0, atol=1e-5)


def test_kev_labelled_as_mev_is_refused(tmp_path, masses):
    lines = ["Z,N,mass", *(f"{Z},{N},{1000 * mass:.3f}" for (Z, N), mass in masses.items())]
    layout = 'N = "N"\nvalue = "mass"\nquantity = "mass_excess"\nunit = "{unit}"'
    with pytest.raises(DataError, match=r'mine.txt: .* MeV with unit = "keV": expected it in'):
        load_model(write(tmp_path, lines, layout.format(unit="MeV")))
    card = write(tmp_path, lines, layout.format(unit="keV"))
    np.testing.assert_allclose(predict(card, masses.index), masses, rtol=0, atol=1e-5)


def test_a_wrong_row_is_reported_by_its_nucleus(tmp_path, masses, caplog):
    masses = masses.copy()
    masses.loc[(50, 82)] += 20
    lines = ["Z,N,mass", *(f"{Z},{N},{mass}" for (Z, N), mass in masses.items())]
    layout = 'N = "N"\nvalue = "mass"\nquantity = "mass_excess"\nunit = "MeV"'
    with caplog.at_level(logging.WARNING):
        load_model(write(tmp_path, lines, layout))
    assert "Z=50 N=82" in caplog.text


def test_a_domain_cuts_a_table(tmp_path, masses):
    lines = ["Z,N,mass", *(f"{Z},{N},{mass}" for (Z, N), mass in masses.items())]
    layout = 'N = "N"\nvalue = "mass"\nquantity = "mass_excess"\nunit = "MeV"'
    extra = '[domain]\nZ = [20, 140]\nparity = "even-even"\n'
    nuclei = nuclide_index([8, 50, 50, 51], [8, 82, 83, 82])
    predicted = predict(write(tmp_path, lines, layout, extra), nuclei)
    assert list(np.isnan(predicted)) == [True, False, True, True]


def test_a_users_card_joins_the_shipped_ones(tmp_path, masses):
    lines = ["Z,N,mass", *(f"{Z},{N},{mass}" for (Z, N), mass in masses.items())]
    layout = 'N = "N"\nvalue = "mass"\nquantity = "mass_excess"\nunit = "MeV"'
    card = write(tmp_path, lines, layout)
    assert [*find_cards([card])] == [*find_cards(), "mine"] == [*find_cards([tmp_path])]
    assert load_model("mine", extra=[tmp_path]).components == ("mine",)
    models = [load_model("mine", extra=[card]), load_model("FRDM2012"), load_model("DZ10-SO")]
    measured = load_measured("AME2020").query("Z >= 28 and N >= 28")
    predicted = predict_all([model.fit(measured) for model in models], measured.index)
    assert list(predicted["theory"].to_numpy()) == [
        *("mine", "FRDM2012", "DZ10-SO(0,0)", "DZ10-SO(0,2)", "DZ10-SO(2,0)", "DZ10-SO(2,2)")
    ]


def test_two_models_of_one_name_are_refused(tmp_path):
    card = tmp_path / "mine.toml"
    card.write_text('name = "DZ10"\nadapter = "table"\ntable = "FRDM2012"', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"mine.toml: key 'name': 'DZ10' is taken by .*DZ10.toml"):
        find_cards([card])


def test_an_unknown_model_is_answered_with_the_nearest():
    with pytest.raises(ConfigError, match="no model is called 'frdm-2012': the nearest are FRDM"):
        load_model("frdm-2012")


def test_a_place_without_cards_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="elsewhere: expected a model card or a folder of them"):
        find_cards([tmp_path / "elsewhere"])


def test_survey():
    measured = load_measured("AME2020").query("Z >= 8 and N >= 8")
    cards = find_cards()
    names = ("FRDM2012", "DZ28", "DD-ME2", "DZ10", "DZ10-refit", "DZ10-SO")
    table = summarise_models({name: cards[name] for name in names}, measured)
    assert table.loc[("DZ28", "DZ28"), "table_size"] == 9210
    assert table.loc[("DZ10-refit", "DZ10-refit"), "calibrated_on"] == "training"
    expected = {"FRDM2012": 0.606, "DZ28": 0.4276, "DZ10": 0.6113, "DZ10-refit": 0.6035}
    for name, rms in expected.items():
        assert table.loc[(name, name), "rms"] == pytest.approx(rms, abs=1e-3)
        assert table.loc[(name, name), "covered"] == 2457
    assert table.loc[("DD-ME2", "DD-ME2"), "covered"] < 700
    assert list(table.loc["DZ10-SO"].index) == [
        f"DZ10-SO({c})" for c in ("0,0", "0,2", "2,0", "2,2")
    ]


def test_survey_of_a_model_that_covers_nothing():
    measured = load_measured("AME2020").query("Z == 2")
    table = summarise_models({"FRDM2012": find_cards()["FRDM2012"]}, measured)
    assert table["covered"].item() == 0
    assert np.isnan(table["rms"].item())
