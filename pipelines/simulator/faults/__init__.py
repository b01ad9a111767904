"""Faults that the simulator can be configured to make."""
