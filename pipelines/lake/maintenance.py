"""Maintenance of the lake, by the holder of the builder's lease: small files are merged.

A loaded segment leaves a small file in each of two tables, and a snapshot. Merged files are
written beside those that they replace; these are removed a day later, as nobody reads them then.

Nothing that is needed expires with a snapshot: which segments were loaded, and in which snapshot,
is kept apart (`sql/keep_commits.sql`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from pipelines.archive import utc_now
from pipelines.lake.connection import Lake

# What is younger may be in use: a loader has written its file and not committed it, a builder reads
# files of the snapshot with which its query began.
YOUNG = timedelta(days=1)
MERGE = "select coalesce(sum(files_processed), 0) from ducklake_merge_adjacent_files('lake')"
REMOVALS = {
    "expired_snapshots": "from ducklake_expire_snapshots('lake', older_than => $at)",
    "removed_files": "from ducklake_cleanup_old_files('lake', older_than => $at)",
    "removed_orphans": "from ducklake_delete_orphaned_files('lake', older_than => $at)",
}


@dataclass(frozen=True)
class Maintained:
    """Numbers of files that were merged, snapshots that expired, files that were removed.

    Orphans are files that a killed loader wrote and did not commit.
    """

    merged_files: int
    expired_snapshots: int
    removed_files: int
    removed_orphans: int


def maintain(lake: Lake, check: Callable[[], None], young: timedelta = YOUNG) -> Maintained:
    """Merge small files, expire snapshots that are not `young`, remove files that none names.

    `check` is called before each step, and raises where the lease was lost.
    """
    check()
    with lake.failures():
        [(merged,)] = lake.con.sql(MERGE).fetchall()
    counts = {}
    for name, query in REMOVALS.items():
        check()
        with lake.failures():
            counts[name] = len(lake.con.execute(query, {"at": utc_now() - young}).fetchall())
    return Maintained(int(merged), **counts)
