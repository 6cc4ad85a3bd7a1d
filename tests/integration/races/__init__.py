"""Edits at the moment of a write, through the command line, in each shipped target."""
