"""A process of the product: how it is started, when it is ready, and what must be ready before."""

import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

ServiceState = Literal["waiting", "starting", "ready", "backing off", "ended"]
"""waiting: for a service that must be ready before; backing off: until it is started again."""


@dataclass(frozen=True)
class Service:
    """A process that runs until it is ended, or again and again (`is_repeated`)."""

    name: str
    command: tuple[str, ...]
    # Secrets may be among them.
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    health_url: str | None = None  # answers once the process is ready; None: it is when it runs
    address: str | None = None  # where a person or a program finds it
    after: tuple[str, ...] = ()
    stop_signal: int = signal.SIGTERM
    hint: str = ""  # what to do if it ends by itself
    is_repeated: bool = False  # to end is no failure; it is started again
    niceness: int = 0  # more gives way to people who look at pages


@dataclass(frozen=True)
class ServiceEvent:
    """A change of a service's state, in one line for a person."""

    service: str
    state: ServiceState
    text: str
    is_failure: bool = False
