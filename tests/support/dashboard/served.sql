-- Ten targets in one hour, the last one with most tokens, each with one of two models.
create table marts.served_tokens_hourly as
select
    timestamptz '2026-06-19 10:00:00+00' as hour_at,
    'tier-' || number as target,
    if(number % 2 = 0, 'glm', 'kimi') as model_name,
    1000 * number as generation_tokens
from range(10) as numbers (number)
