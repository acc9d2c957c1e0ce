"""Mass tables: the shipped ones, a reader for the user's own, and checks for both."""

from bmm.tables.lists import read_measurements, read_nuclei
from bmm.tables.measured import MEASURED_TABLES, load_measured
from bmm.tables.provenance import Provenance, read_provenance
from bmm.tables.reader import TableLayout, read_mass_table
from bmm.tables.revisions import Revisions, judge_uncertainties
from bmm.tables.shipped import data_folder, models_folder
from bmm.tables.smoothness import check_units, find_suspects
from bmm.tables.theory import THEORY_TABLES, load_theory

__all__ = [
    "MEASURED_TABLES",
    "THEORY_TABLES",
    "Provenance",
    "Revisions",
    "TableLayout",
    "check_units",
    "data_folder",
    "find_suspects",
    "judge_uncertainties",
    "load_measured",
    "load_theory",
    "models_folder",
    "read_mass_table",
    "read_measurements",
    "read_nuclei",
    "read_provenance",
]
