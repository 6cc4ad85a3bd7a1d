"""Unit tests of the procurement connector."""
