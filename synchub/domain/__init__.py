"""The canonical model and the values that travel between the hub's parts. Pure: no I/O, no clock, no environment."""
