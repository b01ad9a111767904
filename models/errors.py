"""What can go wrong in the inference tier.

    TierError
    ├── NoSuchDevice        the device that was asked for is not there
    ├── BadCheckpoint       the model's files are missing, damaged or not of a kind that this engine runs
    ├── BadConfig           options that contradict each other or the model
    ├── Refused             a request that can never be served
    │   └── PromptTooLong
    ├── Overloaded          a request that could be served later
    ├── EngineStopped       the engine's process ended
    ├── BadTrace            a trace that cannot be read (models/loadgen/arrivals.py)
    ├── Unreachable         a server that does not say what it serves (models/loadgen/target.py)
    └── Fault               why a request of the load generator has no answer (models/loadgen/records.py)

Messages name the thing and say the next step; they are shown to people as they are.
"""


class TierError(Exception):
    """Whatever the inference tier raises on purpose."""


class NoSuchDevice(TierError):
    """The device that was asked for is not there, or its runtime is not."""


class BadCheckpoint(TierError):
    """The model's files are missing, damaged, or not of a kind that this engine runs."""


class BadConfig(TierError):
    """Options that contradict each other or do not fit the model."""


class RequestRefused(TierError):
    """A request that can never be served as it was asked."""


class PromptTooLong(RequestRefused):
    """The prompt, or the prompt with what was asked for, exceeds the model's context."""


class Overloaded(TierError):
    """The queue is full: the same request may be served later."""


class EngineStopped(TierError):
    """The engine's process ended, so what was running has failed."""
