"""Faults that the simulated market can be told to make."""
