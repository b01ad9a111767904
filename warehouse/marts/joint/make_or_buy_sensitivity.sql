-- One row per model family, target, kind, energy factor, amortisation factor and load: a what-if.
--
-- It starts from the latest day with both sides known. A factor of 2 means twice the energy price,
-- or twice as many years of amortisation. A load is the share of time busy.
with newest as (
    select *
    from {{ ref('make_or_buy_daily') }}
    where
        cost_reason is null
        and price_reason is null
    qualify row_number() over (partition by model_family, target, kind order by date desc) = 1
),

factors as (
    select
        energy.factor as energy_factor,
        amortisation.factor as amortisation_factor,
        loads.load
    from (values (0.5::double), (1), (2)) as energy (factor)
    cross join (values (0.5::double), (1), (2)) as amortisation (factor)
    cross join (values (0.1::double), (0.25), (0.5), (0.75), (1)) as loads (load)
),

inputs as (
    select
        newest.date,
        newest.model_family,
        newest.target,
        newest.service,
        newest.kind,
        factors.energy_factor,
        factors.amortisation_factor,
        factors.load,
        newest.market_usd_per_mtok,
        newest.market_usd_per_mtok::double as market_usd,
        -- Rent and service do not change with the years; the price of the devices is spread over
        -- them.
        costs.opex_usd_per_second::double
        + costs.capex_usd_per_second::double / factors.amortisation_factor as fixed,
        costs.busy_energy_usd_per_second::double * factors.energy_factor as busy,
        costs.idle_energy_usd_per_second::double * factors.energy_factor as idle,
        costs.capacity_tokens_per_second as capacity
    from newest
    inner join {{ ref('local_cost_daily') }} as costs
        using (date, target)
    cross join factors
),

with_figures as (
    select
        *,
        {{ local_usd_per_mtok('load', 'fixed', 'busy', 'idle', 'capacity') }} as local_usd,
        {{ break_even_load('market_usd', 'fixed', 'busy', 'idle', 'capacity') }} as break_even
    from inputs
)

select
    date,
    model_family,
    target,
    kind,
    energy_factor,
    amortisation_factor,
    load,
    local_usd::decimal(24, 9) as local_usd_per_mtok,
    market_usd_per_mtok,
    local_usd <= market_usd as is_local_cheaper,
    case when break_even <= 1 then break_even end as break_even_load,
    case
        when market_usd = 0 and break_even is null then 'the market asks nothing'
        when break_even is null then 'energy alone costs more than the market asks'
        when break_even > 1 then 'dearer than the market even if busy all the time'
    end as break_even_reason,
    true as is_what_if,
    service
from with_figures
order by model_family, target, kind, energy_factor, amortisation_factor, load
