"""Rows that people may add to the curated seeds, each with its evidence."""
