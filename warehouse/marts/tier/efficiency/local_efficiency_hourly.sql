-- One row per UTC hour, target and model: speed, energy, cost and use of the devices.
--
-- Speeds are over covered time only. All models of a target share its devices, so power and cost
-- are split by tokens. A figure that is not known is null, and its reason stands beside it: so are
-- speeds where all tokens came in a minute that ends a gap, since they took longer than that.
{% set hours_per_year = 8766 %}
with work as (
    select
        counters.hour_at,
        counters.target,
        counters.model_name,
        -- Each counter is that of one device; a server with several engines has one for each, so
        -- the mean is that of a device.
        sum(counters.growth) filter (where counters.metric = 'estimated_flops')
        / count(distinct counters.labels) filter (where counters.metric = 'estimated_flops')
            as flop,
        sum(counters.growth) filter (where counters.metric = 'estimated_read_bytes')
        / count(distinct counters.labels) filter (where counters.metric = 'estimated_read_bytes')
            as read_bytes
    from {{ ref('stg_telemetry__counters') }} as counters
    inner join {{ ref('served_tokens_minutely') }} as minutes
        using (target, model_name, minute_at)
    where
        counters.metric in ('estimated_flops', 'estimated_read_bytes')
        and not minutes.is_gap
        and not minutes.is_end_of_gap
    group by all
),

meters as (
    select
        *,
        joules is not null
        and (power_scope is not distinct from 'target')
        = coalesce(bool_or(power_scope = 'target') over (partition by hour_at, target), false)
            as is_counted
    from {{ ref('device_energy_hourly') }}
),

power as (
    select
        hour_at,
        target,
        -- A meter of the whole machine covers every device, and holds what they draw.
        case
            when bool_or(power_scope = 'target') then 2147483647
            else count(*) filter (where joules is not null or power_scope = 'within card')
        end as devices_with_power,
        coalesce(sum(mean_watts) filter (where power_scope = 'target'), sum(mean_watts)) as watts,
        bool_and(provenance = 'measured') filter (where is_counted) as is_measured,
        bool_and(is_valid) filter (where is_counted) as is_valid
    from meters
    group by all
),

goodput as (
    select *
    from {{ ref('served_goodput_hourly') }}
    qualify row_number() over (partition by hour_at, target, model_name order by method) = 1
),

stacks as (
    select
        hours.hour_at,
        hours.target,
        string_agg(stacks.labels, '; ' order by stacks.first_at, stacks.labels) as stack_version,
        case when count(distinct stacks.dtype) = 1 then any_value(stacks.dtype) end as dtype
    from (
        select distinct
            hour_at,
            target
        from {{ ref('served_tokens_hourly') }}
    ) as hours
    inner join {{ ref('stack_versions_daily') }} as stacks
        on
            hours.target = stacks.target
            and {{ utc_date('hours.hour_at') }} = stacks.date
            and hours.hour_at + interval 1 hour > stacks.first_at
            and hours.hour_at <= stacks.last_at
    group by all
),

joined as (
    select
        hours.*,
        terms.target is not null as is_known_target,
        coalesce(terms.is_in_tier_file, false) as is_in_tier_file,
        {{ no_terms_reason() }} as no_terms_reason,
        terms.devices,
        terms.device_kind,
        terms.has_cost,
        terms.energy_usd_per_kwh,
        terms.pue,
        terms.slo_ttft_ms,
        hours.timed_prompt_tokens + hours.timed_generation_tokens as timed_tokens,
        coalesce(hours.timed_generation_tokens = 0 and hours.generation_tokens > 0, false)
            as is_generation_untimed,
        coalesce(
            timed_tokens = 0 and hours.prompt_tokens + hours.generation_tokens > 0,
            false
        ) as is_untimed,
        case
            when hours.timed_seconds > 0 and not is_generation_untimed
                then hours.timed_generation_tokens / hours.timed_seconds
        end as tokens_per_second,
        case
            when hours.timed_seconds > 0 and not is_untimed
                then timed_tokens / hours.timed_seconds
        end as total_tokens_per_second,
        case
            when hours.timed_seconds > 0 and not is_untimed
                then hours.busy_seconds / hours.timed_seconds
        end as busy_share,
        case
            when power.devices_with_power >= terms.devices then power.watts
            else terms.rated_watts * terms.devices
        end as target_watts,
        case
            when power.devices_with_power >= terms.devices and power.is_measured then 'measured'
            when power.devices_with_power >= terms.devices or terms.rated_watts is not null
                then 'rated'
        end as power_provenance,
        power.devices_with_power >= terms.devices and power.is_valid as is_energy_valid,
        coalesce(power.devices_with_power, 0) as devices_with_power,
        terms.devices * (
            coalesce(terms.capex_usd / (terms.amortisation_years * {{ hours_per_year }}), 0)
            + terms.opex_usd_per_hour
        )::double / 3600 as fixed_usd_per_second,
        work.flop,
        work.read_bytes,
        -- A kind of device may have several peaks; the one of the dtype that the server reports
        -- counts.
        case
            when cardinality(terms.peaks) = 1 then map_values(terms.peaks)[1]
            else terms.peaks[stacks.dtype]
        end as peak,
        peak['dtype'] as peak_dtype,
        peak['flop_per_second'] as peak_flop_per_second,
        peak['bytes_per_second'] as peak_bytes_per_second,
        stacks.stack_version,
        goodput.goodput_share,
        goodput.method as goodput_method
    from {{ ref('served_tokens_hourly') }} as hours
    left join power
        using (target, hour_at)
    left join work
        using (target, model_name, hour_at)
    left join goodput
        using (target, model_name, hour_at)
    left join stacks
        using (target, hour_at)
    left join {{ ref('target_terms_daily') }} as terms
        on {{ are_terms_of('hours.target', 'hours.hour_at') }}
),

with_reasons as (
    select
        *,
        {{ no_time_reason() }} as no_time_reason,
        {{ no_speed_reason() }} as speed_reason,
        {{ no_tokens_reason() }} as no_tokens_reason,
        case
            when no_terms_reason is not null then no_terms_reason
            when target_watts is null
                then
                    format(
                        'power is known of {:d} of {:d} devices, and the tier file rates no '
                        || 'such device',
                        devices_with_power,
                        devices
                    )
        end as no_power_reason,
        case
            when no_terms_reason is not null then no_terms_reason
            when not has_cost then 'no cost of the device kind in the tier file'
            when energy_usd_per_kwh is null then 'no energy price in the tier file'
        end as no_price_reason,
        case
            when no_time_reason is not null then no_time_reason
            when device_kind is null then 'no device kind of the target in the tier file'
            when peak_dtype is null then 'no peak for device kind and dtype in the tier file'
        end as no_peak_reason
    from joined
),

with_figures as (
    select
        *,
        coalesce(
            no_tokens_reason,
            no_power_reason,
            {{ no_generated_tokens_reason() }}
        ) as energy_reason,
        coalesce(no_tokens_reason, no_price_reason, no_power_reason) as cost_reason,
        fixed_usd_per_second
        + target_watts * pue * energy_usd_per_kwh::double / 3.6e6 as target_usd_per_second,
        coalesce(
            no_peak_reason,
            case when coalesce(flop, 0) <= 0 then no_tokens_reason end,
            case when coalesce(flop, 0) <= 0 then 'the server does not estimate its FLOP' end
        ) as mfu_reason,
        coalesce(
            no_peak_reason,
            case when coalesce(read_bytes, 0) <= 0 then no_tokens_reason end,
            case
                when coalesce(read_bytes, 0) <= 0
                    then 'the server does not estimate the bytes it reads'
            end
        ) as mbu_reason,
        case
            when goodput_share is not null then null
            when no_terms_reason is not null then no_terms_reason
            when slo_ttft_ms is null then 'no objectives in the tier file'
            when requests_total > 0
                then 'neither a log nor histograms of the server say how long requests took'
            when covered_seconds <= 0 then 'no time of this hour is covered'
            when requests_total is null then 'the server does not count its requests'
            when gap_minutes > 0 then 'no finished request in the covered time of this hour'
            else 'no finished request in this hour'
        end as goodput_reason
    from with_reasons
)

select
    hour_at,
    target,
    model_name,
    hugging_face_id,
    model_permaslug,
    tokens_per_second,
    tokens_per_second / devices as tokens_per_second_per_device,
    tokens_per_second / devices / (peak_flop_per_second / 1e12) as tokens_per_second_per_tflops,
    total_tokens_per_second,
    coalesce(
        speed_reason,
        case when not is_in_tier_file then 'how many devices there are is in no tier file' end
    ) as speed_reason,
    case when energy_reason is null then target_watts * share_of_target / tokens_per_second end
        as joules_per_token,
    case
        when energy_reason is null
            then target_watts * share_of_target * timed_seconds / nullif(timed_prompt_tokens, 0)
    end as joules_per_prompt_token,
    case
        when energy_reason is null then target_watts * share_of_target / total_tokens_per_second
    end as joules_per_total_token,
    target_watts as mean_watts,
    power_provenance,
    coalesce(is_energy_valid, false) as is_energy_valid,
    energy_reason,
    (
        case
            when cost_reason is null
                then target_usd_per_second * share_of_target / total_tokens_per_second * 1e6
        end
    )::decimal(24, 9) as usd_per_mtok,
    (
        case
            when cost_reason is null
                then
                    target_usd_per_second
                    * busy_share
                    * share_of_target
                    / total_tokens_per_second
                    * 1e6
        end
    )::decimal(24, 9) as usd_per_mtok_without_idle,
    (
        case
            when cost_reason is null and timed_generation_tokens > 0
                then target_usd_per_second * share_of_target / tokens_per_second * 1e6
        end
    )::decimal(24, 9) as usd_per_generation_mtok,
    (case when cost_reason is null then target_usd_per_second * share_of_target end)::decimal(24, 12)
        as usd_per_second,
    busy_share,
    cost_reason,
    goodput_share,
    goodput_method,
    goodput_reason,
    case when mfu_reason is null then flop / (timed_seconds * peak_flop_per_second) end as mfu,
    mfu_reason,
    case when mbu_reason is null then read_bytes / (timed_seconds * peak_bytes_per_second) end
        as mbu,
    mbu_reason,
    peak_dtype,
    devices,
    stack_version,
    -- Raised whenever a figure of this table changes its meaning.
    2 as rule_version,
    covered_seconds,
    timed_seconds,
    gap_minutes,
    resets,
    coalesce(no_price_reason, no_power_reason) as target_cost_reason,
    (case when target_cost_reason is null then target_usd_per_second end)::decimal(24, 12)
        as target_usd_per_second,
    service
from with_figures
order by hour_at, target, model_name
