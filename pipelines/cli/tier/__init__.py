"""The verbs of the inference tier: serve, load and scrape it, take in a fleet, correct a cost."""
