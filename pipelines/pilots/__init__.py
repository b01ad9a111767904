"""Pilots in the pipeline: devices and costs of their servers, and their result files."""
