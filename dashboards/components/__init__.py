"""Pure functions from a frame to a figure, one file a page."""
