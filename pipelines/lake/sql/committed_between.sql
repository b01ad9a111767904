-- One row per segment that was committed in these snapshots, both included: its name, and whether it
-- could not be read.
select
    split_part(commit_name, ' unreadable ', 1) as segment_id,
    commit_name like '% unreadable %' as is_unreadable
from tokentide_commits
where snapshot_id between $first and $last;
