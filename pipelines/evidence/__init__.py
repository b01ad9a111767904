"""Evidence bundles: a figure with the raw answers and segments that it rests on."""
