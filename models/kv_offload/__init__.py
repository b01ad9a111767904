"""Prefix cache beyond the device: blocks by digest in host memory and on disk, each bounded."""
