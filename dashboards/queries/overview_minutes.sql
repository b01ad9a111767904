-- Tokens a minute that each of our targets generated, mean of each ten minutes of the day to its newest; null where no two scrapes cover any of it.
with minutes as (
    select minute_at, target, if(bool_and(is_gap), null, sum(generation_tokens)) as generation_tokens
    from served_tokens_minutely
    where minute_at > (select max(minute_at) from served_tokens_minutely) - interval 24 hour
    group by minute_at, target
)

select
    time_bucket(interval 10 minute, minute_at) as instant, target, avg(generation_tokens) as tokens_per_minute,
    count(generation_tokens) as covered_minutes
from minutes
group by all
order by target, instant
