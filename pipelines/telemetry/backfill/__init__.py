"""Telemetry of the past: archived pages and existing Prometheus stores."""
