"""Units alone."""
