-- Tokens that each of our targets generated a minute over the day to its newest; null in a minute that no two scrapes cover.
select
    minute_at, target,
    case when bool_and(is_gap) then null else sum(generation_tokens)::bigint end as generation_tokens,
    case when bool_and(is_gap) then null else sum(prompt_tokens)::bigint end as prompt_tokens
from served_tokens_minutely
where minute_at > (select max(minute_at) from served_tokens_minutely) - interval 24 hour
group by minute_at, target
order by target, minute_at
