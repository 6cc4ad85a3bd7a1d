"""The use cases of the hub: pull, identify, plan, deliver. Knows only ports and stores."""
