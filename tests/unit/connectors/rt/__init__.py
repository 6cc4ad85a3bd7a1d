"""Request Tracker, part by part, against the simulator."""
