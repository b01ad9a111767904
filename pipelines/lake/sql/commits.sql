-- One row: segments that are in the lake, those that could not be read, snapshots and files.
select
    count(*) filter (where commit_name not like '% unreadable %') as segments,
    count(*) filter (where commit_name like '% unreadable %') as unreadable,
    (select count(*) from ducklake_snapshot) as snapshots,
    (select count(*) from ducklake_data_file where end_snapshot is null) as files,
    (
        select sum(table_stats.record_count)::bigint
        from ducklake_table_stats as table_stats
        inner join ducklake_table as tables
            on table_stats.table_id = tables.table_id
        where tables.end_snapshot is null and tables.table_name <> 'telemetry_segments'
    ) as rows,
    (
        select max(snapshots.snapshot_time) at time zone 'UTC'
        from ducklake_snapshot as snapshots
        where snapshots.snapshot_id in (select loads.snapshot_id from tokentide_commits as loads)
    ) as last_load_at
from tokentide_commits;
