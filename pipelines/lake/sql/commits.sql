-- One row: segments that are in the lake, those that could not be read, snapshots and files.
select
    count(*) filter (where commit_name not like '% unreadable %') as segments,
    count(*) filter (where commit_name like '% unreadable %') as unreadable,
    max(committed_at) at time zone 'UTC' as last_load_at,
    (select count(*) from ducklake_snapshot) as snapshots,
    (select count(*) from ducklake_data_file as files where files.end_snapshot is null) as files,
    (
        select sum(table_stats.record_count)::bigint
        from ducklake_table_stats as table_stats
        inner join ducklake_table as tables
            on table_stats.table_id = tables.table_id
        where tables.end_snapshot is null and tables.table_name <> 'telemetry_segments'
    ) as rows
from tokentide_commits;
