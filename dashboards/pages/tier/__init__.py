"""The page of the inference tier: its history, and the last minutes live."""
