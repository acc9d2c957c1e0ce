"""Figures of a mixture, made without a display and without global state."""

from bmm.figures.calibration import coverage_curve
from bmm.figures.chart import nuclide_chart
from bmm.figures.files import write_figure, write_figures
from bmm.figures.maps import residual_map, uncertainty_map, weight_map

__all__ = [
    "coverage_curve",
    "nuclide_chart",
    "residual_map",
    "uncertainty_map",
    "weight_map",
    "write_figure",
    "write_figures",
]
