"""Agent inventories."""
