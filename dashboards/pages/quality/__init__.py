"""The page of quality: the gap between the best models of two sides, and its price."""
