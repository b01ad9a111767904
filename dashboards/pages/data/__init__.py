"""The page of the data itself: what was asked, what came, what was restated."""
