"""The page of local efficiency: tokens, energy and cost by hour."""
