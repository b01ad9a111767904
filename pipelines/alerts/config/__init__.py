"""Configuration of alerts: the alerts file with rules, receivers and scheduled reports."""
