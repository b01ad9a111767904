-- One row per ten minutes and service: mean tokens a minute of all its replicas, of the busiest services and
-- of all others together, over the day to the newest scrape. Null where no two scrapes cover any of it.
with minutes as (
    select minute_at, service, if(bool_and(is_gap), null, sum(generation_tokens)) as generation_tokens
    from served_tokens_minutely
    where minute_at > (select max(minute_at) from served_tokens_minutely) - interval 24 hour
    group by minute_at, service
),

tens as (
    select
        time_bucket(interval 10 minute, minute_at) as instant, service, avg(generation_tokens) as tokens_per_minute,
        count(generation_tokens) as covered_minutes
    from minutes
    group by all
),

places as (
    select service, row_number() over (order by sum(tokens_per_minute) desc nulls last, service) as place, count(*) over () as services
    from tens
    group by service
)

select
    instant, if(services <= $max_services or place < $max_services, service, 'all others') as service, sum(tokens_per_minute) as tokens_per_minute,
    sum(covered_minutes)::bigint as covered_minutes, min(place) as place
from tens
inner join places using (service)
group by all
order by place, instant
