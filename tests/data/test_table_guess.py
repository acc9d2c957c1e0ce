"""Contents of a table, recognised from its numbers."""

import re

import numpy as np
import pytest

from bmm.conversions import (
    ATOMIC_MASS_UNIT,
    HELIUM_MASS_EXCESS,
    HYDROGEN_MASS_EXCESS,
    NEUTRON_MASS_EXCESS,
    atomic_mass,
    binding_energy,
)
from bmm.conversions import electron_binding_energy as electrons
from bmm.data import load_measured, load_theory, read_mass_table
from bmm.data.table_guess import guess_table
from bmm.errors import ConfigError, DataError
from bmm.nuclides import symbol
from bmm.theory.cards import read_card
from bmm.theory.guessed_card import card_of, write_card


def write(path, table, line, head=""):
    path.write_text(head + "".join(line(Z, N, mass) + "\n" for (Z, N), mass in table.items()))
    return path


VALUES = {
    "mass excess in keV": (
        lambda Z, N, mass: 1000 * mass,
        {"quantity": "mass_excess", "unit": "keV", "convention": "atomic"},
    ),
    "mass excess in micro-u": (
        lambda Z, N, mass: 1e6 * mass / ATOMIC_MASS_UNIT,
        {"quantity": "mass_excess", "unit": "micro-u", "convention": "atomic"},
    ),
    "atomic mass in u": (
        lambda Z, N, mass: atomic_mass(Z, N, mass) / ATOMIC_MASS_UNIT,
        {"quantity": "atomic_mass", "unit": "u"},
    ),
    "nuclear mass in MeV": (
        lambda Z, N, mass: atomic_mass(Z, N, mass) - Z * 0.51099895 + electrons(Z),
        {"quantity": "nuclear_mass", "unit": "MeV"},
    ),
    "negative binding energy": (
        lambda Z, N, mass: -binding_energy(Z, N, mass),
        {"quantity": "binding_energy", "unit": "MeV", "sign": -1},
    ),
    "binding energy per nucleon in keV": (
        lambda Z, N, mass: 1000 * binding_energy(Z, N, mass) / (Z + N),
        {"quantity": "binding_energy_per_nucleon", "unit": "keV"},
    ),
}


@pytest.mark.parametrize("case", VALUES)
def test_quantity_and_unit_are_recognised(tin, tmp_path, case):
    value, keys = VALUES[case]
    path = write(tmp_path / "table.txt", tin, lambda Z, N, M: f"{Z} {N} {value(Z, N, M):.6f}")
    guess = guess_table(path)
    assert keys.items() <= guess.keys().items()
    tolerance = 0.3 if "binding" in case else 2e-3  # a convention may not be recognised
    np.testing.assert_allclose(guess.masses["mass_excess"], tin, atol=tolerance)


LAYOUTS = {
    "names": ("Z,N,M_th\n", lambda Z, N, M: f"{Z},{N},{M:.2f}", {"value": "M_th", "Z": "Z"}),
    "a name with a unit": (
        "# Z N Mth[MeV]\n",
        lambda Z, N, M: f"{Z} {N} {M:.2f}",
        {"value": "Mth[MeV]", "format": "whitespace"},
    ),
    "A, not N, first": ("", lambda Z, N, M: f"{Z + N} {Z} {M:.2f}", {"Z": 2, "A": 1, "value": 3}),
    "symbols": (
        "",
        lambda Z, N, M: f"{symbol(Z)} {Z + N} {M:.2f}",
        {"Z": 1, "A": 2, "value": 3},
    ),
    "nuclides": ("", lambda Z, N, M: f"{Z + N}{symbol(Z)} 0.1 {M:.2f} {N % 7}", {"nuclide": 1}),
    "nuclides and nothing else": (
        "",
        lambda Z, N, M: f"{symbol(Z)}-{Z + N} {M:.2f}",
        {"nuclide": 1},
    ),
    "ZA and nothing else": ("", lambda Z, N, M: f"{1000 * Z + Z + N},{M:.2f}", {"nuclide": 1}),
    "ZA": ("", lambda Z, N, M: f"{1000 * Z + Z + N} 0.1 {M:.2f} {N % 7}", {"nuclide": 1}),
    "a decimal comma": (
        "Z;N;M\n",
        lambda Z, N, M: f"{Z};{N};{M:.2f}".replace(".", ","),
        {"decimal": ",", "value": "M"},
    ),
    "a preamble": (
        "Masses of tin,\nby me\n\n   Z   N   M\n",
        lambda Z, N, M: f"{Z} {N} {M:.2f}",
        {"skip": 3, "value": "M"},
    ),
    "cells that are blank": (
        "",
        lambda Z, N, M: f"{Z:5d}{N:5d}{'' if N % 5 == 0 else '0.123':>10}{M:10.2f}",
        {"format": "fixed", "widths": [5, 5, 10, 10], "value": 4},
    ),
    "cells that touch": (
        "",
        lambda Z, N, M: f"{Z:4d}{N:4d}{M:8.4f}{M - 300:9.4f}",
        {"format": "fixed", "widths": [4, 4, 8, 9], "value": 3},
    ),
    "marks of estimated values": (
        "",
        lambda Z, N, M: f"{Z} {N} {M:.2f}{'#' if N > 82 else ''}",
        {"estimated": "skip"},
    ),
    "placeholders for missing values": (
        "",
        lambda Z, N, M: f"{Z} {N} {M if N <= 82 else 999.99:.2f}",
        {"missing": ["", "nan", "999.99"]},
    ),
}


@pytest.mark.parametrize("case", LAYOUTS)
def test_the_layout_of_a_table_is_recognised(tin, tmp_path, case):
    head, line, keys = LAYOUTS[case]
    guess = guess_table(write(tmp_path / "table.txt", tin, line, head))
    assert keys.items() <= guess.keys().items()
    masses = guess.masses["mass_excess"]
    np.testing.assert_allclose(masses, tin[masses.index], atol=1e-3)
    assert len(masses) == (165 if case.startswith(("placeholders", "marks")) else len(tin))


def test_a_table_whose_cells_are_blank_now_here_now_there_is_read(tmp_path):
    """As FRDM(1995) is laid out: no number of cells is that of most rows."""
    masses = load_theory("FRDM1995")["mass_excess"].round(2)
    measured = load_measured("AME2020")["mass_excess"].reindex(masses.index)

    def line(Z, N, M):
        eps3 = "" if N % 3 else "0.123"
        eps6 = "" if (Z + N) % 2 else "0.012"
        known = f"{measured[Z, N]:10.2f}{0.1:10.3f}" if measured[Z, N] < 500 else f"{'':20}"
        return f"{Z:4d}{N:5d}{Z + N:5d}{0.2:9.3f}{eps3:>9}{eps6:>9}{M - 20:10.2f}{M:10.2f}{known}"

    head = "   Z    N    A     eps2     eps3     eps6       Esh       Mth      Mexp     sigma\n"
    guess = guess_table(write(tmp_path / "table.dat", masses, line, head))
    assert guess.keys()["widths"] == [4, 5, 5, 9, 9, 9, 10, 10, 10, 10]
    assert guess.evidence[0].rms == pytest.approx(0.680, abs=1e-3)
    assert guess.masses["mass_excess"].equals(masses.sort_index())


def test_one_row_off_the_chart_is_refused_by_its_line(tin, tmp_path):
    path = write(tmp_path / "t.csv", tin, lambda Z, N, M: f"{Z},{N},{M:.2f}", "Z,N,M\n")
    path.write_text(path.read_text() + "48,775,-80.00\n")
    with pytest.raises(DataError, match=r"t\.csv, line \d+: Z=48, N=775 is no nuclide"):
        guess_table(path)


def test_a_column_that_repeats_measured_masses_is_no_model(tin, tmp_path):
    measured = load_measured("AME2020")["mass_excess"].reindex(tin.index)
    path = write(
        tmp_path / "table.csv",
        tin,
        lambda Z, N, M: f"{Z},{N},{M:.2f},{measured[Z, N]:.3f}",
        "Z,N,Mth,Mexp\n",
    )
    guess = guess_table(path)
    assert guess.keys()["value"] == "Mth"
    assert guess.evidence[0].rms == pytest.approx(np.sqrt(np.mean((tin - measured) ** 2)), abs=1e-3)
    assert guess_table(path, value="Mexp").remarks[0].startswith("column 'Mexp' repeats measured")


def test_published_layouts_are_recognised(tin, tmp_path):
    path = write(tmp_path / "HFB.txt", tin, lambda Z, N, M: f"{Z} {N} {M:.2f}", "Z   N   M\n")
    guess = guess_table(path)
    assert guess.keys() == {"name": "masstable"}
    assert len(guess.measured) == 172


LEAVING = {
    "S_2n": (0, 2, 2 * NEUTRON_MASS_EXCESS, 1, "separation energies"),
    "S_1p": (1, 0, HYDROGEN_MASS_EXCESS, 1000, "separation energies"),
    "Q_alpha": (2, 2, HELIUM_MASS_EXCESS, -1, "Q values"),
    "Q_beta-": (-1, 1, 0.0, -1, "Q values"),
}


@pytest.mark.parametrize("name", LEAVING)
def test_differences_of_masses_alone_are_refused(tmp_path, name):
    dZ, dN, leaving, factor, kind = LEAVING[name]
    masses = load_theory("FRDM2012")["mass_excess"]
    energy = {
        (Z, N): factor * (masses[Z - dZ, N - dN] + leaving - M)
        for (Z, N), M in masses.items()
        if 40 <= Z <= 60 and (Z - dZ, N - dN) in masses.index
    }
    path = tmp_path / "energies.csv"
    rows = "".join(f"{Z},{N},{value:.3f}\n" for (Z, N), value in energy.items())
    path.write_text("Z,N,E\n" + rows)
    with pytest.raises(DataError, match=rf"'E' holds {kind}, {re.escape(name)}; masses cannot"):
        guess_table(path)


REFUSED = {
    "words": ("Dear colleague,\nhere are no masses.\n", "no rows of numbers found"),
    "an energy surface": (
        "".join(f"{q:.1f} {-1700 + q / 10:.3f} 0.12\n" for q in range(40)),
        "no columns name nuclei",
    ),
    "radii": (
        "".join(f"50 {N} {4.5 + N / 1000:.3f}\n" for N in range(50, 80)),
        "no column holds masses in any known quantity and unit",
    ),
    "nuclei alone": ("".join(f"50 {N} 1\n" for N in range(50, 80)), "no column of masses found"),
    "nothing": ("", "no rows of numbers"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_mass_table_is_refused_in_a_sentence(tmp_path, case):
    text, sentence = REFUSED[case]
    path = tmp_path / "file.txt"
    path.write_text(text)
    with pytest.raises(DataError, match=sentence):
        guess_table(path)


def test_the_card_reads_the_table(tin, tmp_path):
    (tmp_path / "tables").mkdir()
    path = write(tmp_path / "tables" / "mine.txt", tin, lambda Z, N, M: f"{Z} {N} {1000 * M:.0f}")
    guess = guess_table(path)
    card = card_of(guess, tmp_path, "mine")
    write_card(tmp_path / "mine.toml", card)
    read = read_card(tmp_path / "mine.toml")
    assert read.calibrated_on == "AME2020"
    assert not read.calibrated_on_confirmed
    np.testing.assert_allclose(read.build().masses["mass_excess"], tin, atol=1e-9)
    assert read_mass_table(path, read.layout).equals(guess.masses)
    with pytest.raises(ConfigError, match="calibrated_on"):
        card_of(guess, tmp_path, "mine", calibrated_on="AME1900")
