"""Verification of a home: is everything whole that it should hold, and if not, what is lost."""
