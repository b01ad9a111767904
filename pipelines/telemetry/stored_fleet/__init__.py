"""The replicas that a store of metrics knows: found, named as live ones are, and read."""
