"""Asking upstreams: one file each, plain functions from a client and a window to answers, and from an answer to frames."""
