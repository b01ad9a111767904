"""Archives of past prices: lists that others kept, day by day, of what models cost."""
