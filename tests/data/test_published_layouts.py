"""Published layouts by name: excerpts of each kind of file give the masses that bmm ships."""

import h5py
import numpy as np
import pytest
from pydantic import ValidationError

from bmm.conversions import atomic_mass, nuclear_to_atomic_binding_energy
from bmm.conversions import binding_energy as binding
from bmm.data import LAYOUTS, NamedLayout, load_measured, load_theory, read_mass_table
from bmm.data.published_layouts import PublishedLayout, resolve
from bmm.errors import ConfigError, DataError
from bmm.nuclides import symbol
from bmm.theory.cards import read_card

U = 931.49410242

AME_HEAD = """\
1    a0dsskgw                                 A T O M I C   M A S S   A D J U S T M E N T
   col 1     :  Fortran character control: 1 = page feed  0 = line feed
   format    :  {format}
                # in a place of decimal point : estimated (non-experimental) value;

1N-Z    N    Z   A  EL    O     MASS EXCESS           BINDING ENERGY/A
                                   (keV)                  (keV)
"""
AME2020 = "a1,i3,i5,i5,i5,1x,a3,a4,1x,f14.6,f12.6,f13.5,1x,f10.5,1x,a2,f13.5,f11.5"
AME2003 = "a1,i3,i5,i5,i5,1x,a3,a4,1x,f13.5,f11.5,f11.3,f9.3,1x,a2,f11.3,f9.3"


def lines(table, write):
    return "".join(write(Z, N, mass) + "\n" for (Z, N), mass in table.items())


def ripl(tin):
    """Mexp is wrong by 5 MeV, so that it would be noticed; a light nucleus has no Mth."""
    head = "#\n#  Z   A s fl     Mexp      Err       Mth      Emic    beta2\n#---\n"
    return (
        head
        + "   1   2 H  2    13.136     0.000\n"
        + lines(
            tin,
            lambda Z, N, mass: (
                f"{Z:4d}{Z + N:4d} {symbol(Z):2s} "
                + (f"2{mass + 5:10.3f}{0.01:10.3f}" if N < 82 else f"0{'':20}")
                + f"{mass:10.3f}{1.0:10.3f}{-0.1:8.3f}"
            ),
        )
    )


def bruslib(tin):
    head = "# Z   A bet2 bet4  Rch  Edef  Sn  Sp  Qbet  Mcal  Mexp-Mcal Jexp Jth Pexp Pth\n"
    return head + lines(
        tin,
        lambda Z, N, mass: (
            f"{Z:4d}{Z + N:4d} 0.10 -0.02 4.6 0.0 8.10 9.90 -3.20 {mass:7.2f} "
            + ("999.99 9.0 0.5 9 1" if N > 82 else "0.40 0.0 0.0 1 1")
        ),
    )


def bruslib_text_header(tin):
    return "HFB masses\n\n" + bruslib(tin).removeprefix("#")


def frdm2012(tin):
    """Mexp is blank where nothing is measured; the columns of the droplet model follow."""
    return lines(
        tin,
        lambda Z, N, mass: (
            f"{Z:5d}{N:5d}{Z + N:5d}"
            + 8 * f"{0.011:10.3f}"
            + f"{1.2:10.2f}{-3.4:10.2f}{binding(Z, N, mass):10.2f}{mass:10.2f}"
            + (f"{mass + 5:10.2f}{0.02:10.3f}" if N < 82 else f"{'':20}")
            + f"{-3.5:10.2f}{mass + 7:10.2f}"
        ),
    )


def ws4(tin):
    head = "Weizs\xe4cker-Skyrme mass table\n A, mass number; Z, charge number; MeV\n\n"
    return (
        head
        + "    A        Z        WS4         WS4+RBF\n"
        + lines(
            tin, lambda Z, N, mass: f"{Z + N:9d}{Z:9d}{mass:15.4f}{mass + 0.2 * (N % 3 - 1):15.4f}"
        )
    )


def ws4_with_deformations(tin):
    return "WS4\n" + lines(tin, lambda Z, N, mass: f"{Z + N} {Z} 0.1 0.0 0.0 1 2 3 4 5 {mass:.4f}")


def masstable(tin):
    return ("Z   N   M\n" + lines(tin, lambda Z, N, mass: f"{Z} {N} {mass:.2f}")).replace(
        "\n", "\r"
    )


def nuclear_binding(Z, N, mass):
    energy = binding(Z, N, mass)
    return energy - (nuclear_to_atomic_binding_energy(Z, energy) - energy)


def bmex(tin):
    return "Z,N,QDB2t,BE,CPn\n" + lines(
        tin, lambda Z, N, mass: f"{Z},{N},0.1,{nuclear_binding(Z, N, mass):.6f},-8.0"
    )


def bmm_csv(tin):
    head = "Z,N,A,symbol,mass_excess_MeV,mass_excess_sd_MeV,status\n"
    return head + lines(
        tin, lambda Z, N, mass: f"{Z},{N},{Z + N},{symbol(Z)},{mass:.3f},0.5,predicted"
    )


def ame(tin, form=AME2020, width=(14, 12, 13)):
    mass_width, spread_width, binding_width = width

    def line(Z, N, mass):
        printed, spread = f"{1000 * mass:.5f}", "5.00000"
        if N > 82:
            printed, spread = f"{1000 * mass:.0f}#", "300#"
        return (
            f" {N - Z:3d}{N:5d}{Z:5d}{Z + N:5d} {symbol(Z):3s}{'':4s} "
            f"{printed:>{mass_width}}{spread:>{spread_width}}"
            f"{1000 * binding(Z, N, mass) / (Z + N):{binding_width}.3f}"
        )

    return AME_HEAD.format(format=form) + lines(tin, line)


FILES = {
    "ripl": ("mass-frdm95.dat", ripl),
    "bruslib": ("hfb24-dat", bruslib),
    "bruslib, a header without #": ("hfb24-dat", bruslib_text_header),
    "frdm2012": ("FRDM2012.dat", frdm2012),
    "ws4": ("WS4.txt", ws4),
    "ws4, eleven columns": ("WS4.txt", ws4_with_deformations),
    "masstable": ("HFB14.txt", masstable),
    "bmex": ("UNEDF1.csv", bmex),
    "bmm": ("masses.csv", bmm_csv),
}


@pytest.mark.parametrize("case", FILES)
def test_a_published_file_gives_its_masses(tin, tmp_path, case):
    name, write = FILES[case]
    path = tmp_path / name
    path.write_text(write(tin), encoding="latin-1", newline="")
    table = read_mass_table(path, case.split(",")[0])
    assert table.index.equals(tin.index)
    np.testing.assert_allclose(table["mass_excess"], tin, atol=2e-5)


@pytest.mark.parametrize(("form", "width"), [(AME2020, (14, 12, 13)), (AME2003, (13, 11, 11))])
def test_an_evaluation_is_read_by_the_format_it_states(tin, tmp_path, form, width):
    path = tmp_path / "mass_1.mas25"
    path.write_text(ame(tin, form, width))
    table = read_mass_table(path, "ame")
    measured = tin[tin.index.get_level_values("N") <= 82]
    assert table.index.equals(measured.index)
    np.testing.assert_allclose(table["mass_excess"], measured, atol=1e-8)
    changed = NamedLayout.model_validate({"name": "ame", "estimated": "keep"})
    assert len(read_mass_table(path, changed)) == len(tin)


def test_a_folder_of_talys_is_one_table(tin, tmp_path):
    folder = tmp_path / "masses"
    folder.mkdir()
    (folder / "README.txt").write_text("not a mass file")
    for Z, masses in tin.groupby("Z"):
        text = lines(
            masses,
            lambda Z, N, mass: (
                f"{Z:4d}{Z + N:4d}{atomic_mass(Z, N, mass) / U:12.6f}{mass:12.6f}"
                f"{0.1:8.4f}{0.0:8.4f}{'':20}{0.0:4.1f}{1:2d} {symbol(Z)}{Z + N}"
            ),
        )
        (folder / f"{symbol(Z)}.mass").write_text(text)
    np.testing.assert_allclose(read_mass_table(folder, "talys")["mass_excess"], tin, atol=1e-6)


@pytest.fixture
def hdf5(tin, tmp_path):
    """Write two frames in the way of pandas.DataFrame.to_hdf."""
    path = tmp_path / "bmex.h5"
    Z, N = (tin.index.get_level_values(level).to_numpy() for level in "ZN")
    with h5py.File(path, "w") as file:
        for name, shift in (("UNEDF1", 0.0), ("SLY4", 1.0)):
            frame = file.create_group(name)
            frame.attrs["nblocks"] = 2
            frame["block0_items"] = np.array([b"N", b"Z"])
            frame["block0_values"] = np.stack([N, Z], axis=1)
            frame["block1_items"] = np.array([b"TwoNSE", b"BE"])
            energy = nuclear_binding(Z, N, tin.to_numpy()) + shift
            energy[0] = np.nan
            frame["block1_values"] = np.stack([np.full(len(tin), 10.0), energy], axis=1)
    return path


def test_a_frame_in_hdf5_is_chosen_by_its_group(tin, hdf5):
    unedf1 = NamedLayout.model_validate({"name": "bmex", "group": "UNEDF1"})
    table = read_mass_table(hdf5, unedf1)["mass_excess"]
    np.testing.assert_allclose(table, tin[1:], atol=1e-9)
    with pytest.raises(DataError, match=r"2 frames and no 'group'; expected .* SLY4, UNEDF1"):
        read_mass_table(hdf5, "bmex")
    with pytest.raises(DataError, match="no frame 'SKP'"):
        read_mass_table(hdf5, NamedLayout.model_validate({"name": "bmex", "group": "SKP"}))


def test_what_is_no_hdf5_is_refused(tmp_path):
    path = tmp_path / "bmex.h5"
    path.write_text("Z,N,BE\n")
    with pytest.raises(DataError, match=r"bmex\.h5: not an HDF5 file"):
        read_mass_table(path, "bmex")


CARD = """
name = "mine"
adapter = "table"
file = "HFB14.txt"
citation = "somebody"
calibrated_on = "AME2003"
"""


def test_a_card_names_a_published_layout(tin, tmp_path):
    (tmp_path / "HFB14.txt").write_text(masstable(tin))
    for text in ('layout = "masstable"\n', '[layout]\nname = "masstable"\nvalue = "M"\n'):
        (tmp_path / "card.toml").write_text(CARD + text)
        model = read_card(tmp_path / "card.toml").build()
        np.testing.assert_allclose(model.masses["mass_excess"], tin, atol=1e-9)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('layout = "rippl"', r"key 'layout': no published layout is called 'rippl' \(did you mean"),
        ('[layout]\nname = "ripl"\nunits = "keV"', "unknown key 'units' .did you mean 'unit'"),
        ('[layout]\nname = "ripl"\nunit = "eV"', None),
        ("layout = 3", "key 'layout"),
    ],
)
def test_a_wrong_layout_of_a_card_is_refused(tin, tmp_path, text, sentence):
    (tmp_path / "HFB14.txt").write_text(ripl(tin))
    (tmp_path / "card.toml").write_text(CARD + text)
    if sentence is None:  # what a change leads to shows when the file is read
        card = read_card(tmp_path / "card.toml")
        with pytest.raises(ConfigError, match="layout 'ripl': key 'unit': expected 'MeV', 'keV'"):
            card.build()
        return
    with pytest.raises(ConfigError, match=sentence):
        read_card(tmp_path / "card.toml")


def test_every_layout_says_what_it_is():
    for name in LAYOUTS:
        found = LAYOUTS[name]
        assert isinstance(found, PublishedLayout)
        assert found.title
        assert found.source


@pytest.mark.parametrize("name", ["ame", "bruslib", "ripl", "ws4", "frdm2012", "masstable"])
def test_another_file_is_refused_in_a_sentence(tmp_path, name):
    path = tmp_path / "letter.txt"
    path.write_text("Dear colleague,\nhere are no masses.\n")
    with pytest.raises(DataError, match=r"letter\.txt"):
        read_mass_table(path, name)


def test_a_whole_layout_is_its_own(tmp_path):
    layout = LAYOUTS["ripl"].of(tmp_path)
    assert resolve(tmp_path, layout) is layout
    with pytest.raises(ValidationError):
        NamedLayout(name="no such layout")


def test_shipped_tables_in_the_layouts_of_their_publishers(tmp_path):
    """HFB24 and WS4, whole: what is shipped is what the layout reads."""
    for name, layout, write in (("HFB24", "bruslib", bruslib), ("WS4", "ws4", ws4)):
        masses = load_theory(name)["mass_excess"]
        path = tmp_path / f"{name}.txt"
        path.write_text(write(masses))
        table = read_mass_table(path, layout)["mass_excess"]
        assert table.index.equals(masses.index)
        np.testing.assert_allclose(table, masses, atol=6e-5)


def test_measured_masses_come_from_a_file_of_an_evaluation(tmp_path):
    shipped = load_measured("AME2020", estimated=True)
    path = tmp_path / "mass_1.mas25"

    def line(row):
        Z, N = row.Index
        mark = "#" if row.estimated else ".000000"
        return (
            f" {N - Z:3d}{N:5d}{Z:5d}{Z + N:5d} {symbol(Z):3s}{'':4s} "
            f"{f'{1000 * row.mass_excess:.0f}{mark}':>14}"
            f"{f'{1000 * row.mass_excess_uncertainty:.0f}{mark}':>12}"
        )

    rows = "\n".join(line(row) for row in shipped.itertuples())
    path.write_text(AME_HEAD.format(format=AME2020) + rows + "\n")
    table = load_measured(str(path), estimated=True)
    assert table.index.equals(shipped.index)
    assert table["estimated"].equals(shipped["estimated"])
    for column in ("mass_excess", "mass_excess_uncertainty"):
        np.testing.assert_allclose(table[column], shipped[column], atol=6e-4)
    np.testing.assert_allclose(
        table["binding_energy_per_nucleon"], shipped["binding_energy_per_nucleon"], atol=1e-3
    )
    assert len(load_measured(str(path))) == (~shipped["estimated"]).sum()


def test_measured_masses_come_from_ripl_and_from_csv(tin, tmp_path):
    (tmp_path / "mass-ame20.dat").write_text(
        "#\n#  Z   A s fl     Mexp      Err\n#---\n"
        + lines(
            tin,
            lambda Z, N, mass: (
                f"{Z:4d}{Z + N:4d} {symbol(Z):2s} {1 if N > 82 else 2}{mass:10.3f}{0.02:10.3f}"
            ),
        )
    )
    table = load_measured(str(tmp_path / "mass-ame20.dat"), estimated=True)
    np.testing.assert_allclose(table["mass_excess"], tin, atol=1e-9)
    assert (table["estimated"] == (table.index.get_level_values("N") > 82)).all()
    (tmp_path / "own.csv").write_text(
        "Z,N,mass_excess,mass_excess_uncertainty\n"
        + lines(tin, lambda Z, N, mass: f"{Z},{N},{mass},0.02")
    )
    table = load_measured(str(tmp_path / "own.csv"))
    np.testing.assert_allclose(table["mass_excess"], tin)
    assert (table["mass_excess_uncertainty"] == 0.02).all()


def test_measured_masses_in_keV_are_refused(tin, tmp_path):
    path = tmp_path / "own.csv"
    path.write_text(
        "Z,N,mass_excess,mass_excess_uncertainty\n"
        + lines(tin, lambda Z, N, mass: f"{Z},{N},{1000 * mass},20")
    )
    with pytest.raises(DataError, match='unit = "keV"'):
        load_measured(str(path))
    with pytest.raises(DataError, match=r"nowhere\.mas25: cannot be read"):
        load_measured(str(tmp_path / "nowhere.mas25"))
