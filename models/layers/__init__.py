"""Layers of a network, written against the operations of `models.ops`."""
