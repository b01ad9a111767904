"""Everything that Tokentide says went wrong, as one tree.

    TokentideError
    ├── BadSetting            the environment or .env holds something that cannot be used
    ├── SourceError           an upstream did not give what was asked for
    │   ├── Unreachable       no connection at all
    │   ├── BrokenOff         a connection that was dropped, or too slow, before the answer was complete
    │   ├── Refused           an answer that says no: 400, 401, 403, 404
    │   ├── LimitReached      a limit of the upstream, or our own budget for it, is used up
    │   ├── Unwell            5xx, again and again
    │   └── BadAnswer         an answer that cannot be believed: cut, not JSON, wrong hash, wrong day, too large
    ├── MixedOrigins          simulated and real answers were about to share one home
    ├── NothingArchived       a rebuild was asked for, but no answer was ever kept
    ├── BuildFailed           dbt could not build a table
    ├── AuditFailed           a check found rows that are wrong, so nothing was published
    ├── NothingPublished      a query was asked for before anything was published
    ├── QueryFailed           the published file could not answer a query
    ├── UnknownClaim          a statement was asked for that the ledger does not have
    ├── BadTier               the tier file holds something that cannot be used
    ├── LockHeld              another process holds a lock that was to be taken at once
    ├── CollectorBusy         another collector has the spool, or its port is taken
    └── HistoryFailed         an existing store of metrics could not give what was asked for

Each message names the thing and says the next step. None ever holds a secret.
"""


class TokentideError(Exception):
    """Something that a person can act on; its text says how."""


class BadSetting(TokentideError):
    """The environment or .env holds something that cannot be used."""


class SourceError(TokentideError):
    """An upstream did not give what was asked for; `retry_after` is how many seconds it wants to be left alone, if it said so."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class SourceUnreachable(SourceError):
    """No connection at all, so nothing else of this host can be had either."""


class BrokenOff(SourceError):
    """The connection was dropped, or too slow, before the answer was complete."""


class SourceRefused(SourceError):
    """An answer that says no, and would say no again."""


class LimitReached(SourceError):
    """A limit of the upstream, or our own budget for it, is used up."""


class SourceServerError(SourceError):
    """The upstream failed on its side, again and again."""


class BadAnswer(SourceError):
    """An answer that cannot be believed: cut, not what was asked for, wrong hash, too large."""


class MixedOrigins(TokentideError):
    """Simulated and real answers were about to share one home."""


class NothingArchived(TokentideError):
    """A rebuild was asked for, but no answer was ever kept."""


class BuildFailed(TokentideError):
    """dbt could not build a table."""


class AuditFailed(TokentideError):
    """A check found rows that are wrong, so nothing was published."""


class NothingPublished(TokentideError):
    """A query was asked for before anything was published."""


class QueryFailed(TokentideError):
    """The published file could not answer a query."""


class UnknownClaim(TokentideError):
    """A statement was asked for that the ledger does not have."""


class BadTier(TokentideError):
    """The tier file holds something that cannot be used."""


class LockHeld(TokentideError):
    """Another process holds a lock that was to be taken at once."""


class CollectorBusy(TokentideError):
    """Another collector has the spool, or its port is taken."""


class HistoryFailed(TokentideError):
    """An existing store of metrics could not give what was asked for."""
