"""Architectures that the engine runs, and the loader that builds them from checkpoints."""
