"""Dagster's assets: thin layers over the functions that the command calls too, and their checks.

The modules keep annotations at runtime: Dagster reads the types of an asset's arguments from them.
"""
