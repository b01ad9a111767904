"""The C library keeps freed memory."""

import subprocess
import sys

import pytest

CODE = """
import resource
from models.engine.memory import keep_freed_memory
if {is_kept}:
    keep_freed_memory()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    block = bytearray(40 << 20)
    block[::4096] = bytes(len(block[::4096]))
    del block
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(is_kept: bool) -> int:
    """Count the page faults of allocating 40 MiB ten times."""
    command = [sys.executable, "-c", CODE.format(is_kept=is_kept)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc has mallopt")
def test_freed_memory_is_used_again() -> None:
    """Without it every allocation of some MiB costs its page faults again."""
    assert page_faults(is_kept=True) < page_faults(is_kept=False) / 4
