-- What each source gave, one row per source.
select
    source,
    count(*) as answers,
    max(fetched_at) as last_asked,
    arg_max(outcome, fetched_at) as last_outcome,
    sum(rows)::bigint as rows,
    count(*) filter (
        where outcome in ('partial', 'quarantined', 'unreadable', 'broken', 'damaged')
    ) as set_aside
from ingest_log
group by source
order by source
