"""Addresses for programs: tables, feeds, prices and metrics of the newest generation."""
