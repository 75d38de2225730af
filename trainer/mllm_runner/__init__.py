"""Runs one job on the machine it was sent to: waits, prepares, trains, bounds it, says how it ended."""
