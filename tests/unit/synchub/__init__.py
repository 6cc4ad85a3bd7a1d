"""Tests of the shared language and the use cases."""
