"""Expensive theories learned from few points, and the choice of the next points."""
