"""The first page: both halves at a glance."""
