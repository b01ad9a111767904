"""The HTTP API of the simulated market."""
