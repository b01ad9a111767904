"""The synthetic market: models, hosts, apps and tokens from a seed."""
