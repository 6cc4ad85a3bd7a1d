"""The engine over real databases."""
