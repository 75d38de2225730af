"""Serves the roles' checkpoints on this machine: raw completions over HTTP, many requests at once."""
