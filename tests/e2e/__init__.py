"""Whole runs as a person starts them."""
