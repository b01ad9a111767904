"""The page of public statements and their verdicts."""
