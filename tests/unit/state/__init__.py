"""State databases."""
