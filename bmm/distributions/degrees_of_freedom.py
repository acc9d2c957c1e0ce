"""Degrees of freedom of a Student-t, apart from its functions, which settings do not need."""

__all__ = ["NU"]

NU = 4.0
"""Degrees of freedom of deviations from a mass model, unless a configuration sets others."""
