"""The page that holds the tier against the market."""
