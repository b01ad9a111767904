-- What each service of the inference tier served and its replicas, one row per service.
--
-- A service whose last replica is gone has the instant since which it is.
with served as (
    select
        service,
        min(minute_at) as first_minute,
        max(minute_at) as last_minute,
        sum(prompt_tokens)::bigint as prompt_tokens,
        sum(generation_tokens)::bigint as generation_tokens,
        count(distinct row(target, minute_at)) filter (where is_gap) as gap_minutes
    from served_tokens_minutely
    group by service
)

select
    services.service,
    services.replicas_now,
    services.replicas_gone,
    services.model_names as models,
    served.first_minute,
    served.last_minute,
    served.prompt_tokens,
    served.generation_tokens,
    served.gap_minutes,
    services.gone_at
from services
left join served
    using (service)
order by services.gone_at is not null, services.service
