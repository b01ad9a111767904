-- One row per UTC hour, target, model and schedule: time of expert layers, and gain of overlap.
--
-- A serial step waits for the link and then computes; some steps run serially as a baseline. The
-- gain compares a row (a token at one expert) with the serial rows of the same hour, so it is null
-- without them. A gain below 0 means that the overlap costs time; it is shown too.
{% set parts = ['compute', 'dispatch', 'combine', 'exposed_wait', 'layer'] %}
with hours as (
    select
        hour_at,
        target,
        model_name,
        coalesce(schedule, 'unknown') as schedule,
        {% for part in parts %}
            sum(growth) filter (where metric = 'expert_{{ part }}_seconds') as {{ part }}_seconds,
        {% endfor %}
        sum(growth) filter (where metric = 'expert_rows') as rows
    from {{ ref('stg_telemetry__counters') }}
    where
        metric = 'expert_rows'
        or metric like 'expert_%_seconds'
    group by all
),

-- Seconds per row of serial steps.
baselines as (
    select
        hour_at,
        target,
        model_name,
        layer_seconds / rows as serial_seconds,
        (dispatch_seconds + combine_seconds) / rows as link_seconds,
        compute_seconds / rows as compute_seconds
    from hours
    where
        schedule = 'serial'
        and rows > 0
),

expert_tokens as (
    select
        hour_at,
        target,
        model_name,
        layer,
        expert,
        sum(growth) as tokens
    from {{ ref('stg_telemetry__counters') }}
    where metric = 'expert_tokens'
    group by all
),

layers as (
    select
        expert_tokens.hour_at,
        expert_tokens.target,
        expert_tokens.model_name,
        max(expert_tokens.tokens)
        * any_value(experts.experts)
        / sum(expert_tokens.tokens) as balance
    from expert_tokens
    inner join {{ ref('layer_experts_daily') }} as experts
        on
            expert_tokens.target = experts.target
            and expert_tokens.model_name = experts.model_name
            and expert_tokens.layer = experts.layer
            and {{ utc_date('expert_tokens.hour_at') }} = experts.date
    group by
        expert_tokens.hour_at, expert_tokens.target, expert_tokens.model_name, expert_tokens.layer
    having sum(expert_tokens.tokens) > 0
),

-- Maximum over mean; another server reports mean over maximum.
gauged as (
    select
        hour_at,
        target,
        model_name,
        sum(case when metric = 'expert_balance' then mean_value else 1 / mean_value end * samples)
        / sum(samples) as balance
    from {{ ref('stg_telemetry__gauges') }}
    where
        metric in ('expert_balance', 'expert_balancedness')
        and mean_value > 0
    group by all
),

balances as (
    select
        coalesce(counted.hour_at, gauged.hour_at) as hour_at,
        coalesce(counted.target, gauged.target) as target,
        coalesce(counted.model_name, gauged.model_name) as model_name,
        coalesce(counted.balance, gauged.balance) as balance
    from (
        select
            hour_at,
            target,
            model_name,
            avg(balance) as balance
        from layers
        group by all
    ) as counted
    full join gauged
        using (hour_at, target, model_name)
),

compared as (
    select
        coalesce(hours.hour_at, balances.hour_at) as hour_at,
        coalesce(hours.target, balances.target) as target,
        coalesce(hours.model_name, balances.model_name) as model_name,
        coalesce(hours.schedule, 'unknown') as schedule,
        {% for part in parts %}
            hours.{{ part }}_seconds,
        {% endfor %}
        hours.rows,
        baselines.serial_seconds,
        hours.layer_seconds / nullif(hours.rows, 0) as overlapped_seconds,
        least(baselines.link_seconds, baselines.compute_seconds) as hideable_seconds,
        greatest(baselines.link_seconds, baselines.compute_seconds) as longer_seconds,
        balances.balance,
        case
            when hours.schedule is null then 'no layer of experts was timed'
            when hours.schedule = 'serial' then 'serial steps are the baseline'
            when hours.schedule = 'fused' then 'fused kernels cannot be timed from outside'
            when coalesce(hours.rows, 0) <= 0 then 'no rows were timed'
            when baselines.serial_seconds is null then 'no serial step in this hour to compare with'
            when coalesce(least(baselines.link_seconds, baselines.compute_seconds), 0) <= 0
                then 'nothing to hide: no time on the link'
        end as overlap_reason
    from hours
    full join balances
        using (hour_at, target, model_name)
    left join baselines
        on
            hours.hour_at = baselines.hour_at
            and hours.target = baselines.target
            and hours.model_name = baselines.model_name
),

with_services as (
    select
        compared.*,
        coalesce(services.service, compared.target) as service
    from compared
    left join {{ ref('target_services_daily') }} as services
        on
            compared.target = services.target
            and {{ utc_date('compared.hour_at') }} = services.day
)

select
    hour_at,
    target,
    model_name,
    schedule,
    {% for part in parts %}
        {{ part }}_seconds,
    {% endfor %}
    round(rows)::bigint as rows,
    exposed_wait_seconds / nullif(layer_seconds, 0) as exposed_share,
    case when overlap_reason is null then serial_seconds / nullif(overlapped_seconds, 0) end
        as speedup,
    case
        when overlap_reason is null then (serial_seconds - overlapped_seconds) / hideable_seconds
    end as overlap_efficiency,
    -- (S - 1) / (S* - 1), where S* = (link + compute) / max(link, compute): the shorter one wholly
    -- hidden by the longer.
    case
        when overlap_reason is null
            then
                (serial_seconds / nullif(overlapped_seconds, 0) - 1)
                / (hideable_seconds / longer_seconds)
    end as attainment,
    overlap_reason,
    balance,
    service
from with_services
order by hour_at, target, model_name, schedule
