"""Errors of Tokentide, in one tree.

    TokentideError
    ├── BadSetting             a setting or an option cannot be used
    ├── SourceError            a source did not give what was requested
    │   ├── SourceUnreachable  no connection to the source's host
    │   ├── BrokenOff          the connection dropped, or was too slow, before the answer's end
    │   ├── SourceRefused      the source refuses the request: 400, 401, 403
    │   │   └── SourceHasNone  the source has nothing of this name: 404, 410
    │   ├── LimitReached       a limit of the source, or our own budget for it, is used up
    │   ├── BadAnswer          an answer is invalid: cut, not JSON, wrong hash, wrong day, too large
    │   │   └── DamagedBody    the archive no longer holds the bytes of an answer as they came
    │   └── SourceServerError  the source fails: 5xx, at every attempt
    ├── MixedOrigins           simulated and real answers would share one home
    ├── NothingArchived        there is nothing to rebuild from
    ├── ArchiveIncomplete      a rebuild would know less than the warehouse that it replaces
    ├── BuildFailed            dbt could not build a table
    ├── AuditFailed            a check found wrong rows, so nothing was published
    ├── NothingPublished       there is no generation to read yet
    ├── QueryFailed            a query on a published file failed
    ├── UnknownClaim           no published claim has this id
    ├── BadClaim               a claim in the home, or one to be saved, is invalid
    ├── BadTier                the tier file is invalid
    ├── BadAlerts              the alerts file is invalid
    ├── DiscoveryFailed        a list of targets could not be read
    ├── BadBackup              a folder holds no backup that can be used, or cannot hold one
    │   └── DamagedBackup      a backup is not whole
    ├── HomeInUse              a backup would be restored over what a home holds
    ├── LockHeld               another process holds a lock
    ├── StateUnreadable        a file of shared state is damaged, or may not be written
    ├── WorkEnded              a process ended before its work did
    ├── ServiceFailed          Postgres or S3 of the distributed form cannot be used
    │   └── LeaseLost          another builder may have taken over
    ├── ServerNotStarted       a server that a command was to start does not serve
    ├── PilotFailed            a pilot could not be made, or was stopped before its first block
    ├── CollectorBusy          another collector uses the spool or its port
    └── HistoryFailed          an existing store of metrics did not give what was requested
        └── HistoryTooLarge    it would give less of what was requested

Each message names the thing and the next step. None ever holds a secret.
"""


class TokentideError(Exception):
    """An error that a person can act on; its text says how."""


class BadSetting(TokentideError):
    """A setting or an option cannot be used."""


class SourceError(TokentideError):
    """A source did not give what was requested.

    `retry_after` is the number of seconds until the source wants the next request, if it said so.
    `is_of_source` is true where it did so in this very answer, about every request of the kind.
    """

    def __init__(
        self, message: str, retry_after: float | None = None, *, is_of_source: bool = False
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.is_of_source = is_of_source


class SourceUnreachable(SourceError):
    """No connection to the source's host, so other requests to it would fail too."""


class BrokenOff(SourceError):
    """The connection dropped, or was too slow, before the answer's end."""


class SourceRefused(SourceError):
    """The source refuses the request, and would refuse it again."""


class SourceHasNone(SourceRefused):
    """The source has nothing of this name."""


class LimitReached(SourceError):
    """A limit of the source, or our own budget for it, is used up."""


class BadAnswer(SourceError):
    """An answer is invalid: cut, not what was requested, wrong hash, too large."""


class DamagedBody(BadAnswer):
    """The archive no longer holds the bytes of an answer as they came."""


class SourceServerError(SourceError):
    """The source fails with 5xx at every attempt."""


class MixedOrigins(TokentideError):
    """Simulated and real answers would share one home."""


class NothingArchived(TokentideError):
    """There is nothing to rebuild from: the raw archive is empty."""


class ArchiveIncomplete(TokentideError):
    """A rebuild would know less than the warehouse that it replaces."""


class BuildFailed(TokentideError):
    """dbt could not build a table."""


class AuditFailed(TokentideError):
    """A check found wrong rows, so nothing was published."""


class NothingPublished(TokentideError):
    """There is no generation to read yet."""


class QueryFailed(TokentideError):
    """A query on a published file failed."""


class UnknownClaim(TokentideError):
    """No published claim has this id."""


class BadClaim(TokentideError):
    """A claim in the home, or one to be saved, is invalid."""


class BadTier(TokentideError):
    """The tier file is invalid."""


class BadAlerts(TokentideError):
    """The alerts file is invalid."""


class DiscoveryFailed(TokentideError):
    """A list of targets could not be read; the last good one holds meanwhile."""


class BadBackup(TokentideError):
    """A folder holds no backup that can be used, or cannot hold one."""


class DamagedBackup(BadBackup):
    """A backup is not whole."""


class HomeInUse(TokentideError):
    """A backup would be restored over what a home holds."""


class LockHeld(TokentideError):
    """Another process holds a lock."""


class StateUnreadable(TokentideError):
    """A file of shared state is damaged, or may not be written."""


class WorkEnded(TokentideError):
    """A process ended before its work did."""


class ServiceFailed(TokentideError):
    """Postgres or S3 of the distributed form cannot be used."""


class LeaseLost(ServiceFailed):
    """The session that held the builder's lease ended, so another builder may have it."""


class ServerNotStarted(TokentideError):
    """A server that a command was to start ended, or does not serve in time."""


class PilotFailed(TokentideError):
    """A pilot could not be made, or was stopped before both servers had run a block."""


class CollectorBusy(TokentideError):
    """Another collector uses the spool or its port."""


class HistoryFailed(TokentideError):
    """An existing store of metrics did not give what was requested."""


class HistoryTooLarge(HistoryFailed):
    """An existing store of metrics would give less of what was requested."""
