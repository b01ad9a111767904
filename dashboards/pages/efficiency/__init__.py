"""The page of efficiency: energy and cost of our tier's tokens."""
