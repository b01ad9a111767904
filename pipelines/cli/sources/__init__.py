"""Verbs of sources beside the market."""
