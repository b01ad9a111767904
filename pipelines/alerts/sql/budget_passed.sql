-- One row per day or month, this one and the one before: whether what was spent in it passes the budget.
--
-- `tier` is what the devices of covered time cost; `market` is what the tokens that we served would
-- have cost by list price. What is not known is left out, so a sum is the least that was spent: it may
-- prove that a budget is passed, and never that it is not.
with spent as (
    select
        date,
        usd,
        usd is null as is_unknown
    from service_cost_daily
    where
        $of = 'tier'
        and replica_hours > 0
        and ($service is null or service = $service)
    union all
    select
        date,
        local_tokens * coalesce(market_usd_per_mtok, market_usd_per_mtok_low) / 1e6 as usd,
        market_usd_per_mtok is null as is_unknown
    from service_make_or_buy_daily
    where
        $of = 'market'
        and kind = 'list'
        and ($service is null or service = $service)
),

periods as (
    select
        date_trunc($per, date)::date as first_date,
        coalesce(sum(usd), 0)::double as usd,
        count(*) filter (where is_unknown) as unknown_rows
    from spent
    where date >= date_trunc($per, $today - case when $per = 'month' then 28 else 1 end)
    group by first_date
),

recent as (
    select *
    from periods
    where
        first_date >= date_trunc($per, date_trunc($per, $today)::date - 1)
        and first_date <= $today
)

select
    format(
        '{} {}',
        coalesce($service, 'all services'),
        strftime(first_date, case when $per = 'month' then '%Y-%m' else '%Y-%m-%d' end)
    ) as subject,
    case
        when usd > $usd then true
        when unknown_rows = 0 then false
    end as is_firing,
    usd as value,
    $usd::double as threshold,
    'usd' as unit,
    first_date::timestamp at time zone 'UTC' as since,
    format(
        '{}: {:,.2f} USD {}{}, of a budget of {:,.2f}',
        subject,
        usd,
        case when $of = 'tier' then 'for the devices of the tier' else 'by list price of the market' end,
        case when unknown_rows > 0 then ' at least' else '' end,
        $usd::double
    ) as text
from recent
order by subject
