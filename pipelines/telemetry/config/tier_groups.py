"""Tables of the tier file that name several targets: teams and clusters."""

from pydantic.dataclasses import dataclass

from pipelines.telemetry.config.tier_values import (
    STRICT,
    FilePath,
    NonEmptyText,
    Number,
    TeamName,
    Words,
)


@dataclass(frozen=True, config=STRICT)
class Team:
    """A team with targets or callers, and the file of what its devices cost."""

    name: TeamName
    labels: Words = ()  # of its requests, where they have another one than its name
    keys: Words = ()  # aliases of its keys, for requests without a team
    callers: Words = ()  # its callers, for requests without a team and a known key
    cost_file: FilePath | None = None  # with tables cost and energy; the tier file's do not count


@dataclass(frozen=True, config=STRICT)
class Cluster:
    """Targets that serve together, such as a pod; a `*` in a name stands for any characters."""

    name: NonEmptyText
    targets: Words
    # Of one device that serves by itself, measured beside it: scaling is held against it.
    alone_tokens_per_second: Number | None = None
