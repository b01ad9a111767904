-- One row per day or month, this one and the one before: whether what was spent in it passes the budget.
--
-- `tier` is what the devices of covered time cost; `market` is what the tokens that we served would
-- have cost by list price; `gateway` is what its spend log says. Of a caller, a team or a key, `tier`
-- is what the tokens cost. What is not known is left out, so a sum is the least that was spent: it
-- may prove that a budget is passed, and never that it is not.
with spent as (
    select
        date,
        null as sender,
        usd,
        usd is null as is_unknown
    from service_cost_daily
    where
        $of = 'tier'
        and not $is_of_sender
        and replica_hours > 0
        and ($service is null or service = $service)
    union all
    select
        date,
        null as sender,
        local_tokens * coalesce(market_usd_per_mtok, market_usd_per_mtok_low) / 1e6 as usd,
        market_usd_per_mtok is null as is_unknown
    from service_make_or_buy_daily
    where
        $of = 'market'
        and kind = 'list'
        and ($service is null or service = $service)
    union all
    select
        date,
        concat_ws(
            ', ',
            case when $callers is not null then caller end,
            case when $teams is not null then team end,
            case when $keys is not null then key_alias end
        ) as sender,
        usd_at_least as usd,
        usd is null as is_unknown
    from caller_usage_daily
    where
        source = $of
        and (source = 'gateway' or $is_of_sender)
        and ($callers is null or list_contains($callers, caller))
        and ($teams is null or list_contains($teams, team))
        and ($keys is null or list_contains($keys, key_alias))
        and ($service is null or service = $service)
),

periods as (
    select
        date_trunc($per, date)::date as first_date,
        coalesce(sum(usd), 0)::double as usd,
        max(sender) as sender,
        count(*) filter (where is_unknown) as unknown_rows
    from spent
    where date >= date_trunc($per, $today - case when $per = 'month' then 28 else 1 end)
    group by first_date
),

recent as (
    select
        *,
        date_add(first_date, case when $per = 'month' then interval 1 month else interval 1 day end)::date
            as end_date,
        concat_ws(
            ' ',
            coalesce($service, case when $of = 'gateway' then 'all gateways' else 'all services' end),
            nullif(sender, '')
        ) as who,
        -- By the mean of the days until today; a day is too short for one.
        case
            when $per = 'month' and usd > 0 and usd <= $usd and $today < end_date
                then
                    first_date
                    + least(floor($usd::double / (usd / ($today - first_date + 1))), 400)::integer
        end as rate_date
    from periods
    where
        first_date >= date_trunc($per, date_trunc($per, $today)::date - 1)
        and first_date <= $today
)

select
    format(
        '{} {}',
        who,
        strftime(first_date, case when $per = 'month' then '%Y-%m' else '%Y-%m-%d' end)
    ) as subject,
    case
        when usd > $usd then true
        when unknown_rows = 0 then false
    end as is_firing,
    usd as value,
    $usd::double as threshold,
    'usd' as unit,
    case when rate_date < end_date then rate_date end as expected_on,
    first_date::timestamp at time zone 'UTC' as since,
    format(
        '{}: {:,.2f} USD {}{}, {:.0f} % of a budget of {:,.2f}{}',
        subject,
        usd,
        case
            when $of = 'gateway' then 'by the log of the gateway'
            when $of = 'market' then 'by list price of the market'
            when $is_of_sender then 'for tokens of the tier'
            else 'for the devices of the tier'
        end,
        case when unknown_rows > 0 then ' at least' else '' end,
        100 * usd / $usd::double,
        $usd::double,
        case
            when expected_on is not null then format('; at this rate it is passed on {}', expected_on)
            else ''
        end
    ) as text
from recent
order by subject
