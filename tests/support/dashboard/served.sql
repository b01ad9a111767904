-- Ten targets in one hour, the last one with most tokens, each with one of two models.
create table marts.served_tokens_hourly as
select
    timestamptz '2026-06-19 10:00:00+00' as hour_at,
    'tier-' || number as target,
    -- The first three are replicas of one service.
    if(number < 3, 'pool', 'tier-' || number) as service,
    if(number % 2 = 0, 'glm', 'kimi') as model_name,
    1000 * number as generation_tokens
from range(10) as numbers (number);

create table marts.service_replicas as
select
    target,
    service,
    if(target = 'tier-1', timestamptz '2026-06-19 10:30:00+00', null) as gone_at
from marts.served_tokens_hourly;

create table marts.services as select distinct service from marts.served_tokens_hourly;

create table marts.service_efficiency_hourly as select 1 as one;

create table marts.service_latency_hourly as select 1 as one
