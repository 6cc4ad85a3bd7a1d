"""Runs the conformance kit."""
