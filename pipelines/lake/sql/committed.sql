-- The segments among these names that were committed: under their own names, or in the commit of a
-- move that holds them.
select names.name
from unnest($names::text[]) as names (name)
left join tokentide_moved as moved
    on names.name = moved.segment_id
where
    exists (
        select 1
        from ducklake_snapshot_changes as changes
        where changes.commit_extra_info = names.name
    )
    or exists (
        select 1
        from ducklake_snapshot_changes as changes
        where changes.commit_extra_info = moved.commit_name
    );
