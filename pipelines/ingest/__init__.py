"""Ingestion from end to end: request, load, build, publish."""
