"""Generations of one team each: its rows alone, and the tables of the market that all share.

    teams/search/published/generation-000012.duckdb   of the same round as that of all teams
    teams/search/published/tokentide.duckdb           a link to the newest

The warehouse is copied, other teams' rows are deleted from the copy's raw tables, and what was made
of them is dropped and made again, audited and published. A round is whole or it is not there: the
links are set once every team's file is finished.
"""

import json
import shutil
import subprocess
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from pipelines.database_files import new_database
from pipelines.errors import BadSetting, LockHeld
from pipelines.files import make_private, write_durably
from pipelines.pseudonyms import read_pseudonyms
from pipelines.publish.generations import (
    Generation,
    GenerationInfo,
    check_audited,
    generations,
    newest,
    put_in_place,
    write_marts,
)
from pipelines.publish.query import records
from pipelines.publish.team_rules import TARGETS, TeamScope, keep_rows_of, scope_of, teams_of
from pipelines.publish.verdict_history import judge_none, keep_history
from pipelines.settings import Settings
from pipelines.telemetry.config.tier import Tier, read_tier
from pipelines.telemetry.config.tier_groups import Team
from pipelines.transform.build import Progress, build, build_lock
from pipelines.transform.graph import read_graph
from pipelines.transform.manifest import read_manifest
from pipelines.transform.runner import stale_tables
from warehouse.connection import open_warehouse, session

FOLDER = "teams"
SCOPES = f"{FOLDER}/scopes.sha256"
TEAMS_PUBLISHED = f"{FOLDER}/*/published"
FOUND = "select distinct team from team_targets where team is not null"


@dataclass(frozen=True)
class TeamGeneration:
    """A published generation of a team."""

    team: str
    generation: Generation


def team_home(settings: Settings, team: str) -> Settings:
    """Return settings whose home holds what is published of a team, and nothing else."""
    return replace(settings, home=settings.home / FOLDER / team)


def publish_teams(
    settings: Settings, names: Collection[str], progress: Progress | None = None
) -> list[TeamGeneration]:
    """Publish a generation for each of these teams, of the round of the newest one.

    Raise BadSetting for a name that no team has, LockHeld where something was loaded since that
    generation was built, AuditFailed or BuildFailed where a team's tables are wrong: then no team
    gets another file.
    """
    with build_lock(settings, "teams.lock"):
        info = _newest_info(settings)
        finished: list[tuple[Settings, Path]] = []
        try:
            for scope in _scopes(settings, names):
                home = team_home(settings, scope.team.name)
                finished.append((home, _make(settings, home, scope, info, progress)))
        except BaseException:
            for _, path in finished:
                path.unlink(missing_ok=True)
            raise
        number = info.generation or 0
        return [
            TeamGeneration(home.home.name, put_in_place(home, path, number))
            for home, path in finished
        ]


def team_generation(settings: Settings, team: str) -> Generation | None:
    """Return a team's generation of the round of the newest one, or None if it has none of it."""
    info = _newest_info(settings)
    for each in generations(team_home(settings, team)):
        if each.number == info.generation and _info(each.path) == info:
            return each
    return None


def _newest_info(settings: Settings) -> GenerationInfo:
    return _info(newest(settings))


def _info(path: Path) -> GenerationInfo:
    [row] = records(path, "select generation, published_at from meta")
    return GenerationInfo(row["generation"], datetime.fromisoformat(str(row["published_at"])))


def team_names(settings: Settings) -> list[str]:
    """Return the name of every team of the tier file, and of every target that a list found."""
    return [team.name for team in _teams(settings)]


def teams_have_changed(settings: Settings) -> bool:
    """Tell whether teams are other than in the last round that this home published.

    Their names, labels, keys, callers and files of costs count, which stand in no table of the
    marts. Where that is not known, as on a host that never published any, they have not.
    """
    noted = settings.home / SCOPES
    return noted.exists() and noted.read_text(encoding="utf-8") != _scopes_digest(settings)


def note_teams(settings: Settings) -> None:
    """Note the teams of the round that was published."""
    if _teams(settings) or (settings.home / SCOPES).exists():
        write_durably(settings.home / SCOPES, _scopes_digest(settings).encode())


def _scopes_digest(settings: Settings) -> str:
    """Return a hash of whose rows are whose, and of what the teams' files of costs say."""
    teams, digest = _teams(settings), sha256()
    for scope in _scopes(settings, [team.name for team in teams]):
        senders = sorted(map(str, scope.senders.to_pylist()))
        costs = scope.team.cost_file
        parts = [scope.team.name, str(costs), costs.read_text() if costs else "", *senders]
        digest.update(json.dumps(parts).encode())
    return digest.hexdigest()


def _teams(settings: Settings) -> list[Team]:
    tier = read_tier(settings.tier) if settings.tier.exists() else Tier()
    with session(settings.warehouse) as con:
        con.execute(TARGETS)
        found = [team for (team,) in con.sql(FOUND).fetchall()]
    return teams_of(tier, found)


def check_teams(settings: Settings, names: Collection[str]) -> list[Team]:
    """Return every team; raise BadSetting where one of these names is none."""
    teams = _teams(settings) if names else []
    known = {team.name for team in teams}
    if unknown := set(names) - known:
        raise BadSetting(
            f"There is no team {min(unknown)!r}, only {', '.join(sorted(known)) or 'none'}. Give a "
            "target a team in the tier file, or add a table [[team]]; docs/tenants.md shows both."
        )
    return teams


def _scopes(settings: Settings, names: Collection[str]) -> list[TeamScope]:
    teams, pseudonyms = check_teams(settings, names), read_pseudonyms(settings)
    return [scope_of(team, teams, pseudonyms) for team in teams if team.name in names]


def _make(
    settings: Settings,
    home: Settings,
    scope: TeamScope,
    info: GenerationInfo,
    progress: Progress | None,
) -> Path:
    """Make a team's file aside; return its path."""
    graph = read_graph(read_manifest(settings.home))
    ready = home.published / f".generation-{info.generation:06}.ready"
    before = generations(home)[-1:]
    with _copied(settings, home) as scratch:
        with closing(open_warehouse(scratch)) as con:
            if stale := stale_tables(con, graph):
                raise LockHeld(
                    f"Something was loaded since generation {info.generation} was built ({stale[0]}"
                    " would be made again). Run this again, so that all teams have one state."
                )
            keep_rows_of(con, scope, graph)
        build(settings, scratch, progress)
        with closing(open_warehouse(scratch)) as con, new_database(_aside(ready), ready) as aside:
            check_audited(con)
            con.execute(
                "set variable minute_days = $days", {"days": settings.published_minute_days}
            )
            write_marts(con, aside, info)
            last = before[0].path if before else None
            keep_history(con, aside, last, info.published_at, judge_none)
    return ready


@contextmanager
def _copied(settings: Settings, home: Settings) -> Iterator[Path]:
    """Give a copy of the warehouse under its usual name, which views remember; remove it then."""
    scratch = home.home / "building" / settings.warehouse.name
    shutil.rmtree(scratch.parent, ignore_errors=True)
    make_private(scratch.parent)
    try:
        with session(settings.warehouse) as con:
            con.execute("checkpoint")
            # By another process: if this one closed the file, its own lock on it would be gone.
            subprocess.run(["cp", "--", settings.warehouse, scratch], check=True)  # noqa: S607
        yield scratch
    finally:
        shutil.rmtree(scratch.parent, ignore_errors=True)


def _aside(path: Path) -> Path:
    return path.with_name(f"{path.name}.tmp")
