"""How the shipped checkpoints were made: `python -m models.training`, once, about half an hour on two cores; serving needs none of it."""
