-- A row where a segment was committed: under its own name, or in the commit of a move that names it.
select 1
from ducklake_snapshot_changes
where
    commit_extra_info = %(name)s
    or commit_extra_info = (
        select moved.commit_name
        from tokentide_moved as moved
        where moved.segment_id = %(name)s
    )
limit 1;
