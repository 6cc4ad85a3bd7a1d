"""Tests of the flows that need no server."""
