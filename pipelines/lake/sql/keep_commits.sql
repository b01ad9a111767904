-- sqlfluff:dialect:postgres
-- Names of segments that were committed, kept when their snapshots expire. Each is there once: a
-- second commit of a name fails as a whole, since the trigger is part of it. A commit carries the name
-- of its segment, or is one of a move, and tokentide_moved says before it which segments it holds.
create table if not exists tokentide_commits (
    commit_name text primary key,
    snapshot_id bigint not null,
    committed_at timestamptz not null default now()
);

create index if not exists tokentide_commits_by_snapshot on tokentide_commits (snapshot_id);

create table if not exists tokentide_moved (
    commit_name text not null,
    segment_id text not null,
    primary key (commit_name, segment_id)
);

create or replace function tokentide_keep_commit() returns trigger language plpgsql as $$
begin
    insert into tokentide_commits (commit_name, snapshot_id)
    select moved.segment_id, new.snapshot_id
    from tokentide_moved as moved
    where moved.commit_name = new.commit_extra_info;
    if not found then
        insert into tokentide_commits (commit_name, snapshot_id)
        values (new.commit_extra_info, new.snapshot_id);
    end if;
    return null;
end
$$;

create or replace trigger tokentide_keep_commit
after insert on ducklake_snapshot_changes
for each row when (new.commit_extra_info is not null)
execute function tokentide_keep_commit();

-- Those of a lake that was made before this table.
insert into tokentide_commits
select
    coalesce(moved.segment_id, changes.commit_extra_info) as commit_name,
    changes.snapshot_id,
    snapshots.snapshot_time
from ducklake_snapshot_changes as changes
inner join ducklake_snapshot as snapshots
    on changes.snapshot_id = snapshots.snapshot_id
left join tokentide_moved as moved
    on changes.commit_extra_info = moved.commit_name
where changes.commit_extra_info is not null
on conflict do nothing;
