"""Fakes, builders and databases that several test packages share."""
