"""A substitute for an Ascend: a stub runtime to link with, and kernels on a CPU.

The kernels follow torch_npu's documentation.
"""
