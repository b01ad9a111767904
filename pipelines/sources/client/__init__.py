"""Client of all sources: one way to ask, its limits and retries, and the hosts that it asks."""
