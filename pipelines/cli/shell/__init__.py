"""SQL in the terminal: how results and tables are shown, and the prompt with its completion."""
