"""Prefect flows: one file per flow, thin; the work is in `synchub.steps`."""
