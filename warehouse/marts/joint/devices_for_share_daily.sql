-- One row per UTC day, model family, target and wanted market share: the devices it would take.
--
-- A what-if calculation, not a plan.
with shares as (
    select unnest([0.0001, 0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1]::double[]) as wanted_share
),

inputs as (
    select
        compared.date,
        compared.model_family,
        compared.target,
        compared.service,
        compared.market_tokens,
        compared.reason,
        costs.devices,
        costs.capacity_tokens_per_second / nullif(costs.devices, 0) * 86400 as device_day_tokens,
        coalesce(
            costs.speed_reason,
            case when costs.devices is null then costs.devices_reason end
        ) as speed_reason
    from {{ ref('local_vs_market_daily') }} as compared
    left join {{ ref('local_cost_daily') }} as costs
        using (date, target)
)

select
    inputs.date,
    inputs.model_family,
    inputs.target,
    shares.wanted_share,
    round(shares.wanted_share * inputs.market_tokens)::bigint as wanted_tokens,
    ceil(round(shares.wanted_share * inputs.market_tokens) / inputs.device_day_tokens)::bigint
        as devices_needed,
    inputs.device_day_tokens,
    inputs.devices as devices_measured,
    true as is_what_if,
    format(
        'what if: busy throughput of {:d} devices of {} on this day, all day long, with its '
        || 'mix of tokens; no peaks, no spares',
        inputs.devices, inputs.target
    ) as basis,
    coalesce(case when inputs.market_tokens is null then inputs.reason end, inputs.speed_reason)
        as reason,
    inputs.service
from inputs
cross join shares
order by inputs.date, inputs.model_family, inputs.target, shares.wanted_share
