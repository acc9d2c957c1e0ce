"""Mass tables: the shipped ones, a reader for the user's own, and checks for both."""

from bmm.data.differences import load_differences
from bmm.data.evaluations import (
    MEASURED_TABLES,
    earlier_evaluations,
    find_evaluation,
    split_evaluation,
)
from bmm.data.folders import citation_file, data_folder, models_folder
from bmm.data.layout import TableLayout
from bmm.data.mass_errors import MassErrors
from bmm.data.measured import evaluation_name, evaluation_path, load_measured, locate_measured
from bmm.data.measurements import read_measurements, read_nuclei
from bmm.data.new_masses import check_new_masses
from bmm.data.own_measurements import MeasuredMasses, measured_masses
from bmm.data.provenance import Provenance, read_provenance
from bmm.data.published_layouts import LAYOUTS, AnyLayout, NamedLayout
from bmm.data.references import Reference
from bmm.data.smoothness import find_suspects
from bmm.data.theory_tables import THEORY_TABLES, load_theory
from bmm.data.uncertainty_scale import UncertaintyScale, uncertainty_scale_factor
from bmm.data.user_table import read_mass_table
from bmm.data.validation import check_measured

__all__ = [
    "LAYOUTS",
    "MEASURED_TABLES",
    "THEORY_TABLES",
    "AnyLayout",
    "MassErrors",
    "MeasuredMasses",
    "NamedLayout",
    "Provenance",
    "Reference",
    "TableLayout",
    "UncertaintyScale",
    "check_measured",
    "check_new_masses",
    "citation_file",
    "data_folder",
    "earlier_evaluations",
    "evaluation_name",
    "evaluation_path",
    "find_evaluation",
    "find_suspects",
    "load_differences",
    "load_measured",
    "load_theory",
    "locate_measured",
    "measured_masses",
    "models_folder",
    "read_mass_table",
    "read_measurements",
    "read_nuclei",
    "read_provenance",
    "split_evaluation",
    "uncertainty_scale_factor",
]
