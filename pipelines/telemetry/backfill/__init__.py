"""Backfill: archived pages and existing Prometheus stores become segments."""
