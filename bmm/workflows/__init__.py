"""Runs: configurations in, run folders out."""
