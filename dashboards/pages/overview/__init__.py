"""The first page: the market and our tier at a glance."""
