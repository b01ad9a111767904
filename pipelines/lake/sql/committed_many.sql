-- The segments among these names that were committed, as in committed.sql.
select names.name
from unnest(%(names)s::text []) as names (name)
left join tokentide_moved as moved
    on names.name = moved.segment_id
where exists (
    select 1
    from ducklake_snapshot_changes as changes
    where changes.commit_extra_info in (names.name, moved.commit_name)
);
