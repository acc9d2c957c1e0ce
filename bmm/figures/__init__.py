"""Figures of a mixture, on matplotlib axes."""

from bmm.figures.calibration import plot_coverage
from bmm.figures.chains import plot_chain
from bmm.figures.chart import nuclide_chart
from bmm.figures.existence import plot_existence
from bmm.figures.files import write_figure, write_figures
from bmm.figures.maps import plot_residuals, plot_uncertainty, plot_weights
from bmm.figures.pit import plot_pit

__all__ = [
    "nuclide_chart",
    "plot_chain",
    "plot_coverage",
    "plot_existence",
    "plot_pit",
    "plot_residuals",
    "plot_uncertainty",
    "plot_weights",
    "write_figure",
    "write_figures",
]
