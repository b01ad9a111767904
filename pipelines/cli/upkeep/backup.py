"""The verbs `backup` and `restore`."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from pipelines.cli.console import Json, show_progress, stderr, stdout
from pipelines.cli.upkeep.progress import show_steps
from pipelines.errors import BadSetting
from pipelines.settings import Settings, read_settings

MIB = 1024 * 1024
MAX_LISTED = 20
Folder = Annotated[Path, typer.Argument(help="Folder of backups, best on another disk.")]


def backup(folder: Folder, as_json: Json = False) -> None:
    """Back up the home while everything runs: answers, segments, claims, alerts, newest figures.

    Each backup in a folder costs what is new since the one before, and is a whole home by itself.
    Not in it are the warehouse, which `restore` makes again, older generations, logs, Dagster's
    history of runs, and what lies outside of the home: `.env`, and other files of settings.
    No secret is in it.

    Exit code 1 means that the home no longer has some answers whole; all others are backed up.

    Examples:

        tokentide backup /mnt/backups/tokentide

        tokentide backup /mnt/backups/tokentide --json
    """
    from pipelines.backup.backup import back_up

    with show_steps() as on_step:
        made = back_up(read_settings(), folder.absolute(), on_step)
    if as_json:
        typer.echo(json.dumps(asdict(made), indent=1))
    else:
        found = made.summary
        stdout.print(
            f"Backup {found.name}: {found.files} files, {found.bytes / MIB:.1f} MiB, of which "
            f"{made.new_files} files and {made.new_bytes / MIB:.1f} MiB are new.",
            highlight=False,
        )
        _list_damaged(made.damaged, "not in the backup, since the home has it no longer whole")
    raise typer.Exit(1 if made.damaged else 0)


def restore(
    folder: Folder,
    name: Annotated[
        str | None, typer.Option("--backup", help="Name of a backup. Default: the newest.")
    ] = None,
    is_repair: Annotated[
        bool,
        typer.Option("--repair", help="Take only answers and segments that are damaged or gone."),
    ] = False,
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Restore what is left of a damaged backup.")
    ] = False,
    no_rebuild: Annotated[
        bool, typer.Option("--no-rebuild", help="Do not make the warehouse; `rebuild` does later.")
    ] = False,
) -> None:
    """Restore a backup into an empty home, at any path; rebuild the warehouse, and publish.

    Every file is compared with its hash before any gets its place. A restore that is interrupted
    leaves the home empty, and the same command begins again.

    Examples:

        tokentide restore /mnt/backups/tokentide

        tokentide restore /mnt/backups/tokentide --repair
    """
    settings = read_settings()
    if is_repair and (allow_missing or no_rebuild):
        raise BadSetting("--repair goes with no other option but --backup.")
    if is_repair:
        _repair(settings, folder.absolute(), name)
        return
    from pipelines.backup.restore import restore as restore_home

    with show_steps() as on_step:
        found = restore_home(
            settings, folder.absolute(), name, on_step, allow_missing=allow_missing
        )
    stdout.print(
        f"{found.files} files of {found.summary.name} are in {settings.home}.",
        highlight=False,
        soft_wrap=True,
    )
    _list_damaged(found.missing, "not in the backup")
    if not no_rebuild:
        _rebuild(settings)
    raise typer.Exit(1 if found.missing else 0)


def _repair(settings: Settings, folder: Path, name: str | None) -> None:
    from pipelines.backup.restore import repair

    with show_steps() as on_step:
        taken = repair(settings, folder, name, on_step)
    for path in taken[:MAX_LISTED]:
        stdout.print(f"repaired {escape(path)}", highlight=False, soft_wrap=True)
    stdout.print(f"{len(taken)} files were taken from the backup.", highlight=False)


def _rebuild(settings: Settings) -> None:
    """Make warehouse and generation of what was restored; holes of the archive are listed."""
    from pipelines.ingest.rebuild import rebuild
    from pipelines.lake.feeding import segment_loader
    from pipelines.transform.build import lower_priority

    lower_priority()
    with show_progress() as (on_request, on_built), segment_loader(settings) as load_segments:
        on_request("loading the raw archive")
        result = rebuild(settings, on_built, allow_missing=True, load_segments=load_segments)
    _list_damaged([f"{hole.what}: {hole.reason}" for hole in result.holes], "not in the archive")
    path = result.generation.path
    stdout.print(f"Generation {result.generation.number}: {path}", soft_wrap=True)


def _list_damaged(damaged: Sequence[str], words: str) -> None:
    for each in damaged[:MAX_LISTED]:
        stderr.print(f"[red]{words}[/red] {escape(each)}", highlight=False, soft_wrap=True)
    if (more := len(damaged) - MAX_LISTED) > 0:
        stderr.print(f"[red]{words}[/red] {more} more", highlight=False)
