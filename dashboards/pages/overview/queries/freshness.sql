-- One row per source: when it last responded, how old that was when this generation was built, and
-- the outcomes of its responses in the last week.
with published as (
    select published_at from meta
),

minutes as (
    select service, count(*) filter (where not is_gap) as known, count(*) filter (where is_gap) as gaps
    from served_tokens_minutely
    where minute_at > (select published_at - interval 7 day from published)
    group by service
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
    select 'our tier: ' || service, last_minute_at + interval 1 minute, coalesce(minutes.known, 0), coalesce(minutes.gaps, 0)
    from services
    left join minutes using (service)
    where gone_at is null
)

select source, newest_at, round(epoch(published_at - newest_at) / 3600, 1) as hours_old, answers, amiss
from sources
cross join published
order by newest_at desc, source
