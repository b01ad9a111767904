-- One row per source of some figures: how many of its answers were used, and when they were fetched.
select
    source,
    count(*) as answers,
    min(fetched_at) as first_fetched_at,
    max(fetched_at) as last_fetched_at,
    arg_max(url, fetched_at) as url
from ingest_log
where
    list_contains($sources, source)
    and ($is_of_any or list_contains($outcomes, outcome))
group by source
order by source
