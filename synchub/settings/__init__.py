"""`synchub.yaml`: what the hub itself reads of it. Each connector owns the settings of its own block."""
