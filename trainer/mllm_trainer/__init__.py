"""Trains one job of a run: one model on one subset."""

__version__ = "0.1.0"
