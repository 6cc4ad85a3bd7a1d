"""Several parts together: simulators, connectors, maps, state."""
