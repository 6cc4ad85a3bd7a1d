"""Measures speed, memory and match quality; not part of the wheel."""
