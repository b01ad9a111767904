"""Work that a test interrupts, in a module, since another process must find it."""

import os
import time
from pathlib import Path


def work_for_long(path: str) -> None:
    """Note the number of this process, and work for a minute."""
    Path(path).write_text(f"{os.getpid()}")
    time.sleep(60)
