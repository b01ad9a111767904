"""Prices as of a day: of one model, and of every row of a file of usage."""
