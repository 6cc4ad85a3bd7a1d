"""BambooHR through the hub: maps, pull, commands."""
