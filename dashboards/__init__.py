"""Frames in, pages out: a Dash app on the published file."""
