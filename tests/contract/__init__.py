"""What connectors and simulators promise each other, over real HTTP."""
