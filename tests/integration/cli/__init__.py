"""Tests of the command line over real files and a simulated ServiceNow."""
