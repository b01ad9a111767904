"""The page where people ask their own SQL."""
