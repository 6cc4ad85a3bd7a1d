"""File sources: readers, root, completeness."""
