-- One row per load and kind of price: a what-if from the newest day on which both sides are known.
-- The factors apply to today's energy price and years of amortisation; a million tokens cost
-- (fixed + load x busy + (1 - load) x idle) / (load x capacity) x 1e6. A price that is only bounded
-- has no market_usd, and so no load at which both cost the same.
-- Of a service: of all its replicas, with the rates of a mean one.
with figures as (
    select * exclude (devices)
    from service_make_or_buy_daily
    where service = $who and model_family = $family
    union all by name
    select * exclude (devices, target, service), target as service
    from make_or_buy_daily
    where target = $who and model_family = $family and $who not in (select service from services)
),

costs as (
    select * exclude (service)
    from service_cost_daily
    where service = $who
    union all by name
    select * exclude (target, service)
    from local_cost_daily
    where target = $who and $who not in (select service from services)
),

newest as (
    select *
    from figures
    where
        cost_reason is null and (market_usd_per_mtok is not null or market_usd_per_mtok_low is not null)
    qualify row_number() over (partition by kind order by date desc) = 1
),

inputs as (
    select
        newest.date, newest.kind, newest.busy_share, newest.local_usd_per_mtok::double as measured_usd,
        newest.market_usd_per_mtok::double as market_usd,
        newest.market_usd_per_mtok_low::double as market_low, newest.market_usd_per_mtok_high::double as market_high,
        (costs.opex_usd_per_second::double + costs.capex_usd_per_second::double / $amortisation) as fixed,
        costs.busy_energy_usd_per_second::double * $energy as busy,
        costs.idle_energy_usd_per_second::double * $energy as idle,
        costs.capacity_tokens_per_second as capacity
    from newest
    inner join costs on newest.date = costs.date
),

figured as (
    select *, (fixed + idle) / nullif(greatest(capacity * market_usd / 1e6 - (busy - idle), 0), 0) as even_load
    from inputs
)

select
    date, kind, load, busy_share, measured_usd, market_usd, market_low, market_high,
    (fixed + load * busy + (1 - load) * idle) / (load * capacity) * 1e6 as local_usd,
    (fixed + $load * busy + (1 - $load) * idle) / ($load * capacity) * 1e6 as local_usd_at_chosen_load,
    case when even_load <= 1 then even_load end as break_even_load,
    even_load as break_even_load_unbounded
from figured, lateral (select unnest(range(2, 101, 2)) / 100 as load)
order by kind, load
