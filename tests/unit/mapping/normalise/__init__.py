"""Unit tests of the normalisers."""
