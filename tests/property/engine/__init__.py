"""Laws of the stored path."""
