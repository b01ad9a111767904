"""Tests of the fused kernels for ARM on an emulated CPU."""
