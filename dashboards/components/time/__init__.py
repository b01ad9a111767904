"""Choices of time and marks of events: parts that pages about days share."""
