"""The report and the downloads: what leaves the dashboard as a file."""
