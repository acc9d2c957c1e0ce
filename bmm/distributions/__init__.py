"""Predictive distributions of masses: mixtures of Student-t's and normals, and their summaries."""

from bmm.distributions import student_t
from bmm.distributions.mixture import StudentTMixture
from bmm.distributions.summary import (
    INTERVALS,
    WIDE_INTERVALS,
    interval_ends,
    summarise_draws,
)

__all__ = [
    "INTERVALS",
    "WIDE_INTERVALS",
    "StudentTMixture",
    "interval_ends",
    "student_t",
    "summarise_draws",
]
