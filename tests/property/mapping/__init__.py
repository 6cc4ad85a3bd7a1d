"""Laws of the mapping engine."""
