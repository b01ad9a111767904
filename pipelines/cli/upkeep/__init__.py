"""Verbs that keep a home whole: `verify`, `backup`, `restore`."""
