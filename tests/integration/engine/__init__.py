"""The engine over a real state, with sources and targets in memory."""
