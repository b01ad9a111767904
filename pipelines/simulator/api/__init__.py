"""The HTTP interface of the simulated market."""
