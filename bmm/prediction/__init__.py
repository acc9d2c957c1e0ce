"""Predictions of a fitted mixture."""
