"""A server that a person names: looked at once, and written into the tier file."""
