"""Duflo-Zuker mass formulas, and the occupation families built on them."""
