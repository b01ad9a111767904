"""Moves data: sources, raw archive, landing, building, publishing, Dagster's definitions, the `tokentide` command."""
