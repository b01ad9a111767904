"""Metrics pages: exposition format, vocabulary of families, figures of devices."""
