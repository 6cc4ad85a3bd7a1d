"""The HTTP server of `synchub serve`: inventories that agents send, health, metrics."""
