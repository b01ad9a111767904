"""Dagster of the distributed form: loads, builds and maintenance of the lake as runs."""
