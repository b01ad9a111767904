-- One row per source: when it last responded, how old that was when this generation was built, and
-- the outcomes of its responses in the last week.
with published as (
    select published_at from meta
),

sources as (
    select
        source, max(fetched_at) as newest_at,
        count(*) filter (where fetched_at > published_at - interval 7 day) as answers,
        count(*) filter (where fetched_at > published_at - interval 7 day and outcome not in ('loaded', 'unchanged')) as amiss
    from ingest_log
    cross join published
    group by source
    union all
    -- A service whose last replica is gone is not late.
    select 'our tier: ' || service, max(minute_at) + interval 1 minute, count(*) filter (where not is_gap), count(*) filter (where is_gap)
    from served_tokens_minutely
    where service in (select service from services where gone_at is null)
    group by service
)

select source, newest_at, round(epoch(published_at - newest_at) / 3600, 1) as hours_old, answers, amiss
from sources
cross join published
order by newest_at desc, source
