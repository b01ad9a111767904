"""The synthetic market: models, hosts, apps and tokens, generated from a seed."""
