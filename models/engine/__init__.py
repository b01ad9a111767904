"""The engine: scheduling, cache blocks, sampling and the step that joins them."""
