"""The HTTP server of the dashboard, rules of access, and headers."""
