"""What the shared parts of the connectors promise."""
