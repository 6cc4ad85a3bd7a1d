"""Pure identification and reconciliation: no I/O, no clock, no randomness."""
