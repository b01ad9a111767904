"""The NPU inference tier: an engine on torch and torch_npu, its HTTP server, its telemetry. Imports nothing of the other packages."""

from models.device import guard_torch

# Whatever of this package is imported first, torch comes after it.
guard_torch()
