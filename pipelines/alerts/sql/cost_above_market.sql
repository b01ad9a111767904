-- One row per model family and service: whether our cost of its newest whole UTC day is above the market.
--
-- Where bounds of the price, or a missing cost, allow both, it is not known. Days older than a week
-- say nothing of now.
with days as (
    select
        date,
        model_family,
        service,
        local_usd_per_mtok,
        coalesce(market_usd_per_mtok_low, market_usd_per_mtok) * (1 + $margin) as low,
        coalesce(market_usd_per_mtok_high, market_usd_per_mtok) * (1 + $margin) as high,
        coalesce(cost_reason, price_reason) as reason
    from service_make_or_buy_daily
    where
        kind = $price
        and date < $today
        and date >= $today - 7
        and ($service is null or service = $service)
    qualify row_number() over (partition by model_family, service order by date desc) = 1
)

select
    format('{} {}', service, model_family) as subject,
    case
        when local_usd_per_mtok > high then true
        when local_usd_per_mtok <= low then false
    end as is_firing,
    local_usd_per_mtok::double as value,
    high::double as threshold,
    'usd_per_mtok' as unit,
    date::timestamp at time zone 'UTC' as since,
    case
        when local_usd_per_mtok is null or high is null
            then format('{} on {} is not known: {}', subject, date, coalesce(reason, 'no price'))
        else
            format(
                '{} cost {:.4f} USD/Mtok here on {}, against {:.4f} to {:.4f} by {} price{}',
                subject,
                local_usd_per_mtok::double,
                date,
                low::double,
                high::double,
                $price,
                case when $margin > 0 then format(' plus {:.0f} %', 100 * $margin) else '' end
            )
    end as text
from days
order by subject
