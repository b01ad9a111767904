"""The page of one model family."""
