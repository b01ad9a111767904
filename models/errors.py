"""Errors of the inference tier.

    TierError
    ├── NoSuchDevice        the requested device is absent
    ├── BadCheckpoint       model files are missing, damaged or of an unsupported kind
    ├── BadConfig           options contradict each other or the model
    ├── RequestRefused      a request that can never be served
    │   └── PromptTooLong
    ├── Overloaded          a request that could be served later
    ├── EngineStopped       the engine process ended
    │   └── ShuttingDown    the server is ending (models/server/openai/errors.py)
    ├── HttpError           an error reply of the server (models/server/openai/errors.py)
    ├── BadTrace            an unreadable trace (models/loadgen/traces.py)
    ├── ServerUnreachable   a server that does not list its models (models/loadgen/target.py)
    ├── NoCompletions       a server of a pilot that completes nothing (models/pilot/prepare.py)
    └── RequestFailure      a failed request of a load test (models/loadgen/records.py)

Messages name the thing and the next step. Users see them unchanged.
"""


class TierError(Exception):
    """Base of all errors that the inference tier raises on purpose."""


class NoSuchDevice(TierError):
    """The requested device is absent, or its runtime is."""


class BadCheckpoint(TierError):
    """Model files are missing, damaged, or of a kind that this engine does not run."""


class BadConfig(TierError):
    """Options contradict each other or do not fit the model."""


class RequestRefused(TierError):
    """A request that can never be served in this form."""


class PromptTooLong(RequestRefused):
    """The prompt, alone or with the requested tokens, exceeds the model's context."""


class Overloaded(TierError):
    """The queue is full. The same request may be served later."""


class EngineStopped(TierError):
    """The engine process ended, so running requests have failed."""
