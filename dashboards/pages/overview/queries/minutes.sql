-- One row per ten minutes and target: mean tokens a minute, of the busiest targets and of all others
-- together, over the day to the newest scrape. Null where no two scrapes cover any of it.
with minutes as (
    select minute_at, target, if(bool_and(is_gap), null, sum(generation_tokens)) as generation_tokens
    from served_tokens_minutely
    where minute_at > (select max(minute_at) from served_tokens_minutely) - interval 24 hour
    group by minute_at, target
),

tens as (
    select
        time_bucket(interval 10 minute, minute_at) as instant, target, avg(generation_tokens) as tokens_per_minute,
        count(generation_tokens) as covered_minutes
    from minutes
    group by all
),

places as (
    select target, row_number() over (order by sum(tokens_per_minute) desc nulls last, target) as place, count(*) over () as targets
    from tens
    group by target
)

select
    instant, if(targets <= $max_targets or place < $max_targets, target, 'all others') as target, sum(tokens_per_minute) as tokens_per_minute,
    sum(covered_minutes)::bigint as covered_minutes, min(place) as place
from tens
inner join places using (target)
group by all
order by place, instant
