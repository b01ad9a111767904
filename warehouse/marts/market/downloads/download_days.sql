-- One row per UTC day with downloads: how many models have a figure, and what befell the counters.
with days as (
    select
        daily.date,
        count(*) filter (where daily.source = 'hub')::integer as models,
        count(daily.downloads)::integer as counted_models,
        sum(daily.downloads)::bigint as downloads,
        sum(daily.downloads) filter (where daily.is_spread)::bigint as spread_downloads,
        sum(daily.downloads) filter (where models.out_of_scope is not null)::bigint as out_of_scope_downloads,
        max(daily.booked_on) as booked_on,
        max(daily.origin) as origin
    from {{ ref('model_downloads_daily') }} as daily
    inner join {{ ref('hub_models') }} as models
        using (hub_id)
    group by daily.date
),

captures as (
    select
        date,
        sum(models)::integer as listed_models,
        bool_or(is_half) as is_half,
        bool_or(is_stall) as is_stall,
        max(still_share) as still_share,
        max(active_models) as active_models
    from {{ ref('hub_captures_daily') }}
    group by date
)

select
    days.date,
    coalesce(captures.listed_models, 0) as listed_models,
    days.counted_models,
    days.downloads,
    days.spread_downloads,
    case
        when days.downloads > 0 then (coalesce(days.out_of_scope_downloads, 0) / days.downloads)::double
    end as out_of_scope_share,
    coalesce(captures.is_stall, false) as is_stall,
    captures.active_models,
    captures.still_share,
    case when captures.is_stall then days.booked_on end as booked_on,
    coalesce(captures.is_half, false) as is_half_list,
    -- A day of which half of the models or more have no figure stands in no sum.
    days.counted_models >= 0.5 * greatest(coalesce(captures.listed_models, 0), days.models, 1) as is_counted,
    case
        when captures.date is null and days.models > 0 then 'not captured; spread from the next capture'
        when captures.is_stall and days.booked_on is null then 'counters stood still; booked later'
        when captures.is_stall then 'counters stood still; booked on a later day and spread'
        when captures.is_half then 'half a list; spread from the next whole one'
        when days.downloads is null then 'first capture; downloads are differences'
    end as reason,
    days.origin
from days
left join captures using (date)
order by days.date
