"""The page of public claims about the market and their verdicts."""
