"""Alerts: rules judged on each generation, what fires, and notifications about it."""
