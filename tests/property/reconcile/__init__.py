"""Laws of identification and reconciliation."""
