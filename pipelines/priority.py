"""Who waits for whom on one machine: builds and publishing give way to people who look at what was published before."""

import os

BACKGROUND = 10


def give_way() -> None:
    """Lower the priority of this process and of what it starts, where the system knows such a thing. It cannot be raised again."""
    if hasattr(os, "setpriority") and os.getpriority(os.PRIO_PROCESS, 0) < BACKGROUND:
        os.setpriority(os.PRIO_PROCESS, 0, BACKGROUND)
