"""Speculative decoding: drafters, their caches, and the asynchronous draft process."""
