"""The inference tier: an engine on torch and torch_npu, its HTTP server, its load generator.

Nothing of the other packages is imported here.
"""

from models.device import guard_torch

# torch is imported after this, whichever module of the package comes first.
guard_torch()
