"""The page of the inference tier: what it served, and what it does now."""
