-- What each target of the inference tier served, one row per target: its service, and since when it is
-- gone.
select
    served.target,
    any_value(served.service) as service,
    min(served.minute_at) as first_minute,
    max(served.minute_at) as last_minute,
    sum(served.prompt_tokens)::bigint as prompt_tokens,
    sum(served.generation_tokens)::bigint as generation_tokens,
    count(distinct served.minute_at) filter (where served.is_gap) as gap_minutes,
    any_value(replicas.gone_at) as gone_at
from served_tokens_minutely as served
left join service_replicas as replicas
    using (target)
group by served.target
order by served.target
