"""The page that puts model families side by side."""
