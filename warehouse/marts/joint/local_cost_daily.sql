-- One row per UTC day and target: device cost, power when busy and idle, and speed while busy.
--
-- A target costs the same however much it is used, so hours without tokens count too. Each hour has
-- the cost and the energy price that held when it began; of a day on which these changed, rates are
-- means over its timed seconds. The table has
-- all that local $/Mtok at another load, energy price or amortisation term needs: usd_per_mtok =
-- (fixed + load x busy energy + (1 - load) x idle energy) / (load x capacity) x 1e6.
{% set hours_per_year = 8766 %}
with target_hours as (
    select
        hours.hour_at,
        hours.target,
        any_value(hours.service) as service,
        any_value(hours.covered_seconds) as covered_seconds,
        any_value(hours.timed_seconds) as timed_seconds,
        any_value(hours.busy_seconds) as busy_seconds,
        sum(hours.timed_prompt_tokens + hours.timed_generation_tokens) as tokens,
        sum(hours.prompt_tokens + hours.generation_tokens) as counted_tokens,
        bool_and(
            hours.timed_prompt_tokens is not null and hours.timed_generation_tokens is not null
        ) as counts_all,
        any_value(efficiency.mean_watts) as watts,
        any_value(efficiency.power_provenance) as power_provenance
    from {{ ref('served_tokens_hourly') }} as hours
    inner join {{ ref('local_efficiency_hourly') }} as efficiency
        using (hour_at, target, model_name)
    group by all
),

with_rates as (
    select
        hours.*,
        terms.target is not null as is_known_target,
        terms.is_in_tier_file,
        terms.devices,
        terms.device_kind,
        terms.has_cost,
        terms.energy_usd_per_kwh,
        terms.pue,
        terms.amortisation_years,
        terms.idle_watts * terms.devices as given_idle_watts,
        terms.devices
        * coalesce(terms.capex_usd / (terms.amortisation_years * {{ hours_per_year }}), 0)::double
        / 3600 as capex_usd_per_second,
        terms.devices * terms.opex_usd_per_hour::double / 3600 as opex_usd_per_second,
        terms.energy_usd_per_kwh::double * terms.pue / 3.6e6 as usd_per_joule,
        -- The hours that a day's figures are made of; of a day without any, all.
        hours.timed_seconds > 0
        or sum(hours.timed_seconds) over (partition by hours.target, hours.hour_at::date) <= 0
            as is_relevant
    from target_hours as hours
    left join {{ ref('target_terms_daily') }} as terms
        on {{ are_terms_of('hours.target', 'hours.hour_at') }}
),

-- Measured power is the mean of the hour. Idle time draws the idle power of the tier file, if that
-- is below the mean, and busy time the rest. Without idle power in the file, idle time draws the
-- mean. Rated power is that of busy time; idle power is then the file's, or the rating too.
powers as (
    select
        *,
        case
            when power_provenance = 'measured' and busy_seconds <= 0 then watts
            else least(coalesce(given_idle_watts, watts), watts)
        end as idle_watts,
        busy_seconds / nullif(timed_seconds, 0) as busy_share
    from with_rates
),

energies as (
    select
        *,
        case
            when busy_seconds <= 0 then 0
            when power_provenance = 'measured'
                then (watts - (1 - busy_share) * idle_watts) / busy_share * busy_seconds
            else watts * busy_seconds
        end as busy_joules,
        idle_watts * (timed_seconds - busy_seconds) as idle_joules
    from powers
),

days as (
    select
        hour_at::date as date,
        target,
        any_value(service) as service,
        sum(covered_seconds) / 86400 as covered_share,
        sum(timed_seconds) as timed_seconds,
        sum(busy_seconds) as busy_seconds,
        sum(tokens)::bigint as timed_tokens,
        sum(counted_tokens) as counted_tokens,
        bool_and(counts_all) filter (where timed_seconds > 0) as counts_all,
        count(*) filter (where timed_seconds > 0) as timed_hours,
        count(*) filter (where timed_seconds > 0 and watts is not null) as hours_with_power,
        bool_and(power_provenance = 'measured') filter (where timed_seconds > 0) as is_measured,
        sum(busy_joules) as busy_joules,
        sum(idle_joules) as idle_joules,
        sum(busy_joules * usd_per_joule) as busy_energy_usd,
        sum(idle_joules * usd_per_joule) as idle_energy_usd,
        bool_or(is_known_target) as is_known_target,
        count(*) filter (where is_relevant) as relevant_hours,
        count(*) filter (where is_relevant and is_in_tier_file) as hours_in_tier_file,
        bool_and(has_cost) filter (where is_relevant) as has_cost,
        bool_and(energy_usd_per_kwh is not null) filter (where is_relevant) as has_energy_price,
        count(distinct row(devices, device_kind)) filter (where devices is not null) as kinds,
        any_value(devices) as devices,
        any_value(device_kind) as device_kind,
        bool_and(given_idle_watts is not null) filter (where is_relevant) as is_idle_given,
        {{ mean_of_day('given_idle_watts') }} as given_idle_watts,
        {{ mean_of_day('capex_usd_per_second') }} as capex_usd_per_second,
        {{ mean_of_day('opex_usd_per_second') }} as opex_usd_per_second,
        {{ mean_of_day('usd_per_joule') }} as usd_per_joule,
        {{ mean_of_day('energy_usd_per_kwh::double') }} as energy_usd_per_kwh,
        {{ mean_of_day('pue') }} as pue,
        {{ mean_of_day('amortisation_years') }} as amortisation_years
    from energies
    group by all
),

with_reasons as (
    select
        * exclude (devices, device_kind),
        case when kinds = 1 then devices end as devices,
        case when kinds = 1 then device_kind end as device_kind,
        case
            when timed_seconds <= 0 then 'no time of this day is covered'
            when not coalesce(counts_all, false)
                then 'the server does not count all its tokens'
            when timed_tokens = 0 and counted_tokens > 0
                then
                    'all tokens of this day came in minutes that end gaps, so how long they took '
                    || 'is not known'
            when timed_tokens = 0 then 'no tokens on this day'
        end as speed_reason,
        case
            when not is_known_target then 'the target is not in the tier file'
            when hours_in_tier_file = 0 then 'the target was not in the tier file at that time'
            when hours_in_tier_file < relevant_hours
                then
                    format(
                        'the target was in the tier file for {:d} of {:d} hours',
                        hours_in_tier_file,
                        relevant_hours
                    )
        end as tier_file_reason,
        case
            when tier_file_reason is not null then tier_file_reason
            when not has_cost then 'no cost of the device kind in the tier file'
            when not has_energy_price then 'no energy price in the tier file'
            when hours_with_power < timed_hours
                then
                    format(
                        'power is known of {:d} of {:d} hours',
                        hours_with_power,
                        timed_hours
                    )
        end as price_reason,
        case
            when kinds > 1 then 'the devices of the target changed on this day'
            when kinds = 0 then tier_file_reason
            when device_kind is null then 'no device kind of the target in the tier file'
        end as devices_reason
    from days
),

with_figures as (
    select
        *,
        coalesce(speed_reason, price_reason) as reason,
        capex_usd_per_second + opex_usd_per_second as fixed_usd_per_second,
        busy_joules / nullif(busy_seconds, 0) as busy_watts,
        -- Without idle time and without a value in the file, the busy power is the best bound of
        -- the idle power.
        case
            when timed_seconds > busy_seconds then idle_joules / (timed_seconds - busy_seconds)
            else least(given_idle_watts, busy_joules / nullif(busy_seconds, 0))
        end as idle_watts,
        case
            when timed_seconds > busy_seconds then idle_energy_usd / (timed_seconds - busy_seconds)
            else least(given_idle_watts, busy_joules / nullif(busy_seconds, 0)) * usd_per_joule
        end as idle_energy_usd_per_second,
        case when speed_reason is null then timed_tokens / nullif(busy_seconds, 0) end
            as capacity_tokens_per_second
    from with_reasons
)

select
    date,
    target,
    devices,
    device_kind,
    covered_share,
    timed_seconds,
    timed_tokens,
    case
        when timed_tokens > 0 or coalesce(counted_tokens, 0) = 0
            then busy_seconds / nullif(timed_seconds, 0)
    end as busy_share,
    capacity_tokens_per_second,
    speed_reason,
    (capex_usd_per_second)::decimal(24, 12) as capex_usd_per_second,
    (opex_usd_per_second)::decimal(24, 12) as opex_usd_per_second,
    fixed_usd_per_second::decimal(24, 12) as fixed_usd_per_second,
    busy_watts,
    idle_watts,
    (case when price_reason is null then busy_energy_usd / nullif(busy_seconds, 0) end)::decimal(
        24, 12
    ) as busy_energy_usd_per_second,
    (case when price_reason is null then idle_energy_usd_per_second end)::decimal(24, 12)
        as idle_energy_usd_per_second,
    case when price_reason is null then case when is_measured then 'measured' else 'rated' end end
        as power_provenance,
    case
        when price_reason is not null then null
        when is_measured and is_idle_given then 'measured; idle as the tier file says'
        when is_measured then 'measured; idle as the mean of its hour'
        when is_idle_given then 'rated; idle as the tier file says'
        else 'rated; idle at the rating too'
    end as power_basis,
    energy_usd_per_kwh::decimal(18, 6) as energy_usd_per_kwh,
    pue,
    amortisation_years,
    (
        case
            when reason is null
                then
                    (
                        fixed_usd_per_second * timed_seconds
                        + busy_energy_usd
                        + idle_energy_usd
                    )
                    / timed_tokens
                    * 1e6
        end
    )::decimal(24, 9) as usd_per_mtok,
    (
        case
            when reason is null
                then
                    (fixed_usd_per_second * busy_seconds + busy_energy_usd)
                    / timed_tokens
                    * 1e6
        end
    )::decimal(24, 9) as usd_per_mtok_without_idle,
    reason,
    devices_reason,
    service
from with_figures
order by date, target
