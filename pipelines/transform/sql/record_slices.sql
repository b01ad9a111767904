-- One row per slice of $made that came out other than before, or is gone: a hash of its rows,
-- null where it is gone, and the number of this change.
insert or replace into main.slices (relation, target, day, content, changed)
with before as (
    select
        target,
        day,
        content
    from main.slices
    where
        relation = $made
        and (
            $is_whole
            or exists (
                select 1
                from touched
                where touched.target = slices.target and touched.day = slices.day
            )
        )
),

changed_slices as (
    select
        target,
        day,
        made_slices.content
    from made_slices
    full join before
        using (target, day)
    where made_slices.content is distinct from before.content
)

select
    $made as relation,
    target,
    day,
    content,
    $change::bigint as changed
from changed_slices
