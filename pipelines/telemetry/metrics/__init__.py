"""Metrics pages: exposition format, vocabulary of families, device tools."""
