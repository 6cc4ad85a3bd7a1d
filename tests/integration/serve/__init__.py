"""`synchub serve` through the wire."""
