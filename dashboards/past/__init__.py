"""Days of the past, which pages can be shown as of."""
