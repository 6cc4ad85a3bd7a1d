"""The only place that talks to other systems: one folder per system, one way to do HTTP, one registry."""
