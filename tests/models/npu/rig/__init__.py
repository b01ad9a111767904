"""What stands in for an Ascend: a runtime that is only there to be linked with, and kernels on a CPU that follow the documentation."""
