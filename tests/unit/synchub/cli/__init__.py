"""Tests of the command line that need no other system."""
