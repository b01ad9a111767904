"""The page about the data: what is complete, what was restated, and the raw answers."""
