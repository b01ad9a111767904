"""The planner: a model family's tokens on planned devices, beside their prices in the market.

Page and command ask it the same query, so both show the same figures.
"""
