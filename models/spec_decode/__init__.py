"""Speculative decoding: proposers, their caches, and the draft that runs ahead."""
