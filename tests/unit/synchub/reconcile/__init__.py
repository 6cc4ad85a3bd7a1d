"""Tests of identification and reconciliation."""
