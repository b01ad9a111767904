-- One row per age in whole days: how far from what we know now the platform's total of a day was, so long after the first answer that had it.
--
-- A day counts at an age only if it was seen fresh and was asked for at that age or later; else nobody knows whether it moved.
with watched as (
    select
        date,
        first_as_of,
        platform_tokens,
        unnest(generate_series(0, least(floor(days_watched)::integer, 60)))::integer as age_days
    from {{ ref('market_restatements_daily') }}
    where is_seen_fresh
),

versions as (
    select
        boards.date,
        boards.as_of,
        sum(cells.total_tokens)::bigint as platform_tokens
    from {{ ref('ranking_day_versions') }} as boards
    inner join {{ ref('stg_openrouter__ranking_rows') }} as cells
        using (content_hash)
    where
        boards.slice = 'all'
        and boards.grain = 'day'
    group by all
),

changes as (
    select
        watched.age_days,
        abs(watched.platform_tokens / nullif(versions.platform_tokens, 0) - 1) as change_ratio
    from watched
    asof inner join versions
        on
            watched.date = versions.date
            and watched.first_as_of + to_days(watched.age_days) >= versions.as_of
)

select
    age_days,
    count(*) as days,
    avg(change_ratio) as mean_abs_change_ratio,
    quantile_cont(change_ratio, 0.9) as p90_abs_change_ratio,
    max(change_ratio) as max_abs_change_ratio
from changes
group by age_days
order by age_days
