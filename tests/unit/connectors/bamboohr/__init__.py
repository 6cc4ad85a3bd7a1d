"""Tests of the BambooHR connector without HTTP."""
