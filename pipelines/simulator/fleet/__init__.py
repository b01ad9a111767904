"""A simulated fleet of inference servers, whose true figures are known."""
