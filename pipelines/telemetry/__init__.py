"""Telemetry of inference servers and devices: scraping, metrics pages, segments, backfill."""
