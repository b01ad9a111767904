"""Layers of the network, each written against the operations of `models.ops`."""
