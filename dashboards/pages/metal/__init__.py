"""The page that compares our tier with the market."""
