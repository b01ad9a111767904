-- One row per UTC day and account of the Hub: its downloads, counted by us or by a file of past counts.
--
-- A day that we counted ourselves has our counts alone.
with counted as (
    select
        daily.date,
        lower(models.publisher) as author,
        sum(daily.downloads)::bigint as downloads,
        count(*) filter (where daily.downloads is null)::integer as unknown_models,
        any_value(daily.licence) as licence,
        any_value(daily.citation) as citation,
        max(daily.origin) as origin
    from {{ ref('model_downloads_daily') }} as daily
    inner join {{ ref('download_days') }} as days
        on
            daily.date = days.date
            and days.is_counted
    inner join {{ ref('hub_models') }} as models
        on daily.hub_id = models.hub_id
    where models.publisher is not null
    group by daily.date, lower(models.publisher)
),

past as (
    select
        history.date,
        lower(history.name) as author,
        sum(history.downloads)::bigint as downloads,
        0 as unknown_models,
        any_value(history.licence) as licence,
        any_value(history.citation) as citation,
        any_value(case when history.origin = 'simulated' then 'simulated' else 'archive' end) as origin
    from {{ ref('stg_huggingface__history') }} as history
    where
        history.grain = 'author'
        and history.figure = 'daily'
        and history.date not in (select counted.date from counted)
    group by history.date, lower(history.name)
),

joined as (
    select
        *,
        'hub' as source
    from counted
    union all by name
    select
        *,
        'history' as source
    from past
)

select
    joined.date,
    joined.author,
    coalesce(owners.lab, 'unknown') as lab,
    coalesce(owners.country, 'unknown') as country,
    joined.downloads,
    joined.unknown_models,
    joined.source,
    joined.licence,
    joined.citation,
    joined.origin
from joined
left join {{ ref('hub_owners') }} as owners
    on joined.author = owners.namespace
order by joined.date, joined.author
