-- One row per model name: the cost of its tokens over the newest hours, idle time of its targets
-- included.
--
-- Models of a target share its devices, so their tokens cost the same. An hour whose cost or tokens
-- are not known counts in neither sum.
with hours as (
    select
        hour_at, target, any_value(target_usd_per_second)::double as usd_per_second,
        any_value(timed_seconds) as seconds, sum(total_tokens_per_second * timed_seconds) as tokens
    from local_efficiency_hourly
    where hour_at > (select max(hour_at) from local_efficiency_hourly) - to_hours($hours)
    group by hour_at, target
    having
        count(*) = count(total_tokens_per_second) and any_value(target_usd_per_second) is not null
        and any_value(timed_seconds) > 0
),

rates as (
    select
        target, sum(usd_per_second * seconds) / nullif(sum(tokens), 0) as usd_per_token,
        min(hour_at) as first_hour_at, max(hour_at) as last_hour_at
    from hours
    group by target
),

served as (
    select
        model_name, target, any_value(service) as service,
        sum(total_tokens_per_second * timed_seconds) as tokens
    from local_efficiency_hourly
    inner join hours
        using (hour_at, target)
    where model_name is not null
    group by model_name, target
)

select
    model_name, list(distinct service order by service) as services,
    sum(usd_per_token * tokens) / sum(tokens) as usd_per_token,
    round(sum(tokens))::bigint as tokens, min(first_hour_at) as first_hour_at,
    max(last_hour_at) as last_hour_at
from served
inner join rates
    using (target)
where tokens > 0
group by model_name
order by model_name
