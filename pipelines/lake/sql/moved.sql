-- Names the commit in which each of these segments is moved. A name counts once that commit is there.
insert into tokentide_moved (segment_id, commit_name)
select
    unnest($names::text[]) as segment_id,
    $commit as commit_name
on conflict (segment_id) do update set commit_name = excluded.commit_name;
