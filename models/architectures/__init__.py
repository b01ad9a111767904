"""The networks that the engine runs, written against one table of operations with a column for each kind of device."""
