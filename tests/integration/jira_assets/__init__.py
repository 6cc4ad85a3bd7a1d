"""Whole syncs of a small estate into a simulated Assets workspace."""
