"""Configuration of telemetry: the tier file with targets, devices and costs."""
