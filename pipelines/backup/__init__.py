"""Backups of a home: made while everything runs, each at the cost of what is new."""
