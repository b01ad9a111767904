-- One row per kind of price and load: a million tokens of a family on planned devices, and bought.
-- A value that is given counts; else that of the target on its newest day; else the assumed one. Rates are USD a
-- second of all devices; a million tokens cost (fixed + load x busy + (1 - load) x idle) / (load x capacity) x 1e6.
-- Of a service the rates are those of a mean replica. Null is unknown, and the reason stands beside it.
with figures as (
    select service as who, date, model_id, local_tokens, cached_share, completion_share
    from service_make_or_buy_daily
    where kind = 'list' and model_family = $family
    union all
    select target, date, model_id, local_tokens, cached_share, completion_share
    from make_or_buy_daily
    where kind = 'list' and model_family = $family and target not in (select service from services)
),

costs as (
    select
        service as who, date, devices as own_devices, capacity_tokens_per_second as own_speed, busy_share,
        case when fixed_usd_per_second is not null then capex_usd_per_second::double end as own_capex, opex_usd_per_second::double as own_opex,
        busy_energy_usd_per_second::double as own_busy, idle_energy_usd_per_second::double as own_idle,
        energy_usd_per_kwh::double as own_kwh_usd, amortisation_years as own_years
    from service_cost_daily
    union all
    select
        target, date, devices, capacity_tokens_per_second, busy_share,
        case when fixed_usd_per_second is not null then capex_usd_per_second::double end, opex_usd_per_second::double,
        busy_energy_usd_per_second::double, idle_energy_usd_per_second::double, energy_usd_per_kwh::double, amortisation_years
    from local_cost_daily
    where target not in (select service from services)
),

chosen as (
    select
        case
            when $target = 'none' then null
            when $target <> '' then $target
            else (select arg_max(who, (date, coalesce(local_tokens, 0))) from figures where date <= coalesce($day::date, 'infinity'::date))
        end as who
),

-- The newest day with a known speed; of days on which the target served the family, if there are any.
measured as (
    select costs.*, figures.model_id, figures.cached_share, figures.completion_share, figures.date is not null as is_same_family
    from costs
    inner join chosen on costs.who = chosen.who
    left join figures on costs.who = figures.who and costs.date = figures.date
    where costs.own_speed is not null and costs.date <= coalesce($day::date, 'infinity'::date)
    qualify row_number() over (order by is_same_family desc, costs.date desc) = 1
),

-- The slowest and the fastest of two weeks, on days of the same kind.
speeds as (
    select min(costs.own_speed) as slowest, max(costs.own_speed) as fastest
    from costs
    inner join measured on costs.who = measured.who and costs.date between measured.date - 13 and measured.date
    left join figures on costs.who = figures.who and costs.date = figures.date
    where figures.date is not null = measured.is_same_family
),

-- Watts and PUE, for a target without a price of energy.
powers as (
    select
        sum(days.busy_watts * days.timed_seconds) / sum(days.timed_seconds) filter (where days.busy_watts is not null) as own_busy_watts,
        sum(days.idle_watts * days.timed_seconds) / sum(days.timed_seconds) filter (where days.idle_watts is not null) as own_idle_watts,
        sum(days.pue * days.timed_seconds) / sum(days.timed_seconds) filter (where days.pue is not null) as own_pue
    from local_cost_daily as days
    inner join measured
        on days.date = measured.date
        and (days.service = measured.who or days.target = measured.who and measured.who not in (select service from services))
    where days.timed_seconds > 0
),

hours as (
    select hour(hour_at) as hour, sum(busy_seconds) / nullif(sum(timed_seconds), 0) as load
    from (
        select distinct served.target, served.hour_at, served.busy_seconds, served.timed_seconds
        from served_tokens_hourly as served
        inner join measured
            on served.hour_at::date = measured.date
            and (served.service = measured.who or served.target = measured.who and measured.who not in (select service from services))
    )
    group by all
),

profile as (
    select list(hours.load order by numbers.hour) as loads
    from range(24) as numbers (hour)
    left join hours on numbers.hour = hours.hour
),

-- One row, whatever is known of the target. Speeds grow with the number of devices; those of another model or device
-- are assumed, and so may be lower or higher.
terms as (
    select
        measured.* exclude (who), chosen.who, powers.own_pue,
        coalesce($devices::double, measured.own_devices) as devices,
        case when $devices is null then 1 else $devices / measured.own_devices end as scale,
        if($preset is null and measured.is_same_family, 0, $assumed_speed_margin) as speed_margin,
        coalesce($tokens_per_second, measured.own_speed * scale) as capacity,
        coalesce($tokens_per_second_low, speeds.slowest * scale * (1 - speed_margin)) as capacity_low,
        coalesce($tokens_per_second_high, speeds.fastest * scale * (1 + speed_margin)) as capacity_high,
        coalesce($amortisation, measured.own_years, $assumed_amortisation) as amortisation_years,
        coalesce($energy, measured.own_kwh_usd, $assumed_energy) as energy_usd_per_kwh,
        coalesce($pue, powers.own_pue, $assumed_pue) as pue,
        coalesce($hours::double[], profile.loads) as hourly_loads,
        coalesce(list_avg($hours::double[]), measured.busy_share, $assumed_load) as plan_load,
        case
            when $device_price is null then measured.own_capex * scale * coalesce(measured.own_years / $amortisation, 1)
            else devices * $device_price / (amortisation_years * 8766 * 3600)
        end as capex,
        coalesce(devices * $other_costs / 3600, measured.own_opex * scale, if(measured.own_opex is null, 0, null)) as opex,
        energy_usd_per_kwh * pue / 3.6e6 as usd_per_joule,
        coalesce($energy / measured.own_kwh_usd, 1) * coalesce($pue / powers.own_pue, 1) * scale as energy_factor,
        case
            when $watts is not null then devices * $watts * usd_per_joule
            else coalesce(measured.own_busy * energy_factor, powers.own_busy_watts * scale * usd_per_joule)
        end as busy,
        case
            when $idle_watts is not null then devices * $idle_watts * usd_per_joule
            when $watts is not null then busy
            else coalesce(measured.own_idle * energy_factor, powers.own_idle_watts * scale * usd_per_joule)
        end as idle,
        -- Idle power that nobody states lies between none and the power of busy time.
        if($watts is not null and $idle_watts is null, 0, idle) as idle_low,
        if($prompt_share is null, coalesce(measured.completion_share, 1 - $assumed_prompt_share), 1 - $prompt_share) as completion,
        case
            when $cached_share is not null then $cached_share
            when measured.completion_share is null then 0
            else coalesce(measured.cached_share / nullif(1 - measured.completion_share, 0), if(measured.completion_share = 1, 0, null))
        end as cached,
        $cached_share is not null or measured.cached_share is not null as is_cached_known
    from chosen
    cross join speeds
    cross join powers
    cross join profile
    left join measured on chosen.who = measured.who
),

-- The entry that the target serves, or else the one of the family with most tokens of four weeks.
entries as (
    select models.model_id
    from models
    inner join market_tokens_daily as tokens on models.model_permaslug = tokens.model_permaslug
    where
        models.model_family = $family and models.model_id is not null
        and tokens.date > (select max(date) from market_tokens_daily) - 28
    group by models.model_id
    order by bool_or(models.is_free), sum(tokens.total_tokens) desc, models.model_id
    limit 1
),

older_entries as (
    select model_id
    from models
    where model_family = $family and model_id is not null
    order by is_free, last_ranked_date desc, model_id
    limit 1
),

priced as (
    select
        terms.* exclude (model_id), kinds.kind,
        coalesce(terms.model_id, (from entries), (from older_entries)) as model_id
    from terms
    cross join (select unnest(['list', 'cheapest', 'modal']) as kind) as kinds
),

-- All kinds of price are of the newest day that has any.
price_days as (
    select max(date) as price_date
    from model_prices_daily
    where model_id in (select model_id from priced) and date <= coalesce($day::date, 'infinity'::date)
),

joined as (
    select
        priced.*, price_days.price_date, prices.provider_name, prices.price_basis, prices.origin,
        unnest(list_sort(list_distinct(list_append(coalesce($loads::double[], []), priced.plan_load)))) as load,
        prices.prompt_usd_per_mtok::double as prompt_usd, prices.completion_usd_per_mtok::double as completion_usd,
        coalesce(prices.cached_usd_per_mtok, prices.prompt_usd_per_mtok)::double as cached_usd,
        case when prices.cached_usd_per_mtok is null then 0 else priced.cached end as priced_cached,
        priced.is_cached_known or prices.cached_usd_per_mtok is null as is_exact
    from priced
    cross join price_days
    left join model_prices_daily as prices
        on price_days.price_date = prices.date and priced.model_id = prices.model_id and priced.kind = prices.kind
),

bought as (
    select
        *, capex + opex as fixed, scale is not null or own_speed is null as has_scale, completion * completion_usd as generated_usd,
        generated_usd + (1 - completion) * ((1 - priced_cached) * prompt_usd + priced_cached * cached_usd) as market_usd,
        if(is_exact, market_usd, generated_usd + (1 - completion) * least(prompt_usd, cached_usd)) as market_low,
        if(is_exact, market_usd, generated_usd + (1 - completion) * greatest(prompt_usd, cached_usd)) as market_high,
        nullif(concat_ws(
            '; ',
            if(devices is null and (capex is null or busy is null), 'no number of devices is given', null),
            if(
                not has_scale and (capacity is null or capex is null or opex is null or busy is null),
                'how many devices the target had is not known, so its figures do not hold for another number', null
            ),
            if(own_speed is null and capacity is null, 'no tokens a second are given, and no target has measured them', null),
            if($device_price is null and capex is null and has_scale, 'no price of a device is given', null),
            if(busy is null and devices is not null and has_scale, 'no power of a device is given', null), if(load = 0, 'no tokens at a load of zero', null)
        ), '') as cost_reason,
        case
            when model_id is null then 'the catalogue has no entry of this family'
            when price_date is null then 'no price of this model is known'
            when prompt_usd is null then 'no ' || kind || ' price on ' || price_date
            when market_usd is null then 'the share of cached tokens is not known'
        end as price_reason
    from joined
),

-- Low bounds have the fastest devices, high bounds the slowest.
made as (
    select
        *, (fixed + load * busy + (1 - load) * idle) as usd_per_second,
        if(cost_reason is null, usd_per_second / (load * capacity) * 1e6, null) as local_usd,
        if(cost_reason is null, (usd_per_second - (1 - load) * (idle - idle_low)) / (load * capacity_high) * 1e6, null) as local_low,
        if(cost_reason is null, usd_per_second / (load * capacity_low) * 1e6, null) as local_high,
        (fixed + idle) / nullif(greatest(capacity * market_usd / 1e6 - (busy - idle), 0), 0) as even_load,
        (fixed + idle_low) / nullif(greatest(capacity_high * market_high / 1e6 - (busy - idle_low), 0), 0) as even_load_low,
        (fixed + idle) / nullif(greatest(capacity_low * market_low / 1e6 - (busy - idle), 0), 0) as even_load_high,
        load * capacity * 2629800 as tokens_per_month
    from bought
)

select
    kind, load, local_usd, local_low, local_high, market_usd, market_low, market_high,
    case when local_high <= market_low then true when local_low > market_high then false end as is_local_cheaper,
    case when even_load <= 1 then even_load end as break_even_load, even_load as break_even_load_unbounded,
    even_load_low as break_even_load_low, even_load_high as break_even_load_high,
    tokens_per_month, usd_per_second * 2629800 as local_usd_per_month, tokens_per_month * market_usd / 1e6 as market_usd_per_month,
    tokens_per_month / capacity * capacity_low * market_low / 1e6 as market_usd_per_month_low,
    tokens_per_month / capacity * capacity_high * market_high / 1e6 as market_usd_per_month_high,
    market_usd_per_month - local_usd_per_month as saving_usd_per_month,
    cost_reason, price_reason,
    case
        when coalesce(cost_reason, price_reason) is not null then coalesce(cost_reason, price_reason)
        when market_usd = 0 then 'the market asks nothing'
        when even_load is null then 'energy alone costs more than the market asks'
        when even_load > 1 then 'dearer than the market even if busy all the time'
    end as break_even_reason,
    model_id, price_date, provider_name, price_basis, origin = 'simulated' as is_simulated, prompt_usd, cached_usd, completion_usd,
    who as target, date as measured_date, is_same_family, $preset as preset, $given::varchar[] as given, devices, own_devices, scale,
    capacity, capacity_low, capacity_high, fixed, capex, opex, busy, idle, idle_low,
    busy / usd_per_joule as busy_watts, idle / usd_per_joule as idle_watts, energy_usd_per_kwh, pue, amortisation_years,
    1 - completion as prompt_share, cached as cached_share_of_prompt, is_cached_known, plan_load, hourly_loads,
    own_kwh_usd is not null as has_own_energy, own_pue is not null as has_own_pue, own_years is not null as has_own_years,
    own_opex is not null as has_own_opex, busy_share is not null as has_own_load, completion_share is not null as has_own_mix
from made
order by list_position(['list', 'cheapest', 'modal'], kind), load
