"""Mapping engine, loader, transforms and drift."""
