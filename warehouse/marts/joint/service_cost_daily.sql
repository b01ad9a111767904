-- One row per UTC day and service: what all its replicas cost, and what that is for a token.
--
-- Rates are those of a mean replica, by the seconds of all of them, so that usd_per_mtok = (fixed +
-- load x busy energy + (1 - load) x idle energy) / (load x capacity) x 1e6 holds as it does for a
-- target. A replica that served nothing costs too; one whose cost is not known leaves it unknown.
with replicas as (
    select
        *,
        -- Where all tokens came in minutes that end gaps, how long they took is not known.
        timed_seconds > 0 and busy_share is not null as is_used,
        coalesce(busy_share, 0) * timed_seconds as busy_seconds,
        timed_seconds - busy_seconds as idle_seconds,
        case
            when power_provenance is not null then null
            when speed_reason is null then reason
            else 'what its devices cost is not known'
        end as price_reason,
        case when timed_tokens is null then 'the server does not count all its tokens' end
            as tokens_reason
    from {{ ref('local_cost_daily') }}
),

summed as (
    select
        date,
        service,
        count(*) as replicas,
        count(*) filter (where timed_tokens > 0) as replicas_served,
        count(*) filter (where is_used) as used,
        min(case when not is_used then speed_reason end) as unused_reason,
        sum(timed_seconds) filter (where is_used) as timed_seconds,
        sum(timed_seconds * devices) filter (where is_used) as device_seconds,
        {{ reason_of_replicas(
            'is_used and devices is null', "coalesce(devices_reason, 'its devices are not known')"
        ) }} as devices_reason,
        (sum(timed_tokens) filter (where is_used))::bigint as timed_tokens,
        {{ reason_of_replicas(
            'is_used and coalesce(tokens_reason, price_reason) is not null',
            'coalesce(tokens_reason, price_reason)'
        ) }} as price_reason,
        sum(busy_seconds) filter (where is_used) as busy_seconds,
        sum(idle_seconds) filter (where is_used) as idle_seconds,
        sum(capex_usd_per_second::double * timed_seconds) filter (where is_used) as capex_usd,
        sum(opex_usd_per_second::double * timed_seconds) filter (where is_used) as opex_usd,
        sum(fixed_usd_per_second::double * busy_seconds) filter (where is_used) as busy_fixed_usd,
        sum(busy_energy_usd_per_second::double * busy_seconds) filter (where is_used)
            as busy_energy_usd,
        sum(idle_energy_usd_per_second::double * idle_seconds) filter (where is_used)
            as idle_energy_usd,
        -- Where nothing was idle, what it would have cost.
        sum(idle_energy_usd_per_second::double * timed_seconds) filter (where is_used)
            as all_idle_energy_usd,
        string_agg(distinct power_basis, '; ' order by power_basis) filter (where is_used)
            as power_basis,
        sum(energy_usd_per_kwh::double * timed_seconds) filter (where is_used) as weighted_kwh_usd,
        sum(amortisation_years * timed_seconds) filter (where is_used)
        / nullif(
            sum(timed_seconds) filter (where is_used and amortisation_years is not null), 0
        ) as amortisation_years
    from replicas
    group by all
),

with_reasons as (
    select
        *,
        case
            when used = 0 then unused_reason
            when timed_tokens = 0 and price_reason is null then 'no tokens on this day'
        end as speed_reason,
        coalesce(speed_reason, price_reason) as reason,
        capex_usd + opex_usd + coalesce(busy_energy_usd, 0) + coalesce(idle_energy_usd, 0) as usd,
        busy_fixed_usd + coalesce(busy_energy_usd, 0) as busy_usd
    from summed
)

select
    date,
    service,
    replicas,
    replicas_served,
    timed_seconds / 3600 as replica_hours,
    case when devices_reason is null then device_seconds / 3600 end as device_hours,
    case when devices_reason is null then device_seconds / timed_seconds end as devices,
    coalesce(devices_reason, case when used = 0 then unused_reason end) as devices_reason,
    timed_tokens,
    busy_seconds / timed_seconds as busy_share,
    case when speed_reason is null then timed_tokens / nullif(busy_seconds, 0) end
        as capacity_tokens_per_second,
    coalesce(
        speed_reason, case when coalesce(busy_seconds, 0) <= 0 then 'no replica was busy' end
    ) as speed_reason,
    (case when price_reason is null then capex_usd / timed_seconds end)::decimal(24, 12)
        as capex_usd_per_second,
    (case when price_reason is null then opex_usd / timed_seconds end)::decimal(24, 12)
        as opex_usd_per_second,
    (case when price_reason is null then (capex_usd + opex_usd) / timed_seconds end)::decimal(24, 12)
        as fixed_usd_per_second,
    (case when price_reason is null then busy_energy_usd / nullif(busy_seconds, 0) end)::decimal(
        24, 12
    ) as busy_energy_usd_per_second,
    (
        case
            when price_reason is not null then null
            when idle_seconds > 0 then idle_energy_usd / idle_seconds
            else all_idle_energy_usd / timed_seconds
        end
    )::decimal(24, 12) as idle_energy_usd_per_second,
    case when price_reason is null then power_basis end as power_basis,
    (case when price_reason is null then weighted_kwh_usd / timed_seconds end)::decimal(18, 6)
        as energy_usd_per_kwh,
    amortisation_years,
    (case when price_reason is null and used > 0 then usd end)::decimal(24, 9) as usd,
    (case when reason is null then usd / timed_tokens * 1e6 end)::decimal(24, 9) as usd_per_mtok,
    (case when reason is null then busy_usd / timed_tokens * 1e6 end)::decimal(24, 9)
        as usd_per_mtok_without_idle,
    reason
from with_reasons
order by date, service
