"""Discovery: lists of targets are read again and again, and the collector follows them."""
