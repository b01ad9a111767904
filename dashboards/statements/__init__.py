"""Statements: comparisons that a person makes, and claims in plain words. Nothing draws here."""
