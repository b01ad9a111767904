"""Training of the shipped checkpoints, with their evaluation and their model card."""
