"""The page for SQL by viewers."""
