-- One row per age in whole days: how far a day's total at that age was from the total now known.
--
-- The age counts from the first answer with the day. A day counts at an age only if it was seen
-- fresh and requested at that age or later; otherwise nobody knows whether it moved.
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
        rankings.date,
        rankings.as_of,
        sum(ranking_rows.total_tokens)::bigint as platform_tokens
    from {{ ref('ranking_day_versions') }} as rankings
    inner join {{ ref('stg_openrouter__ranking_rows') }} as ranking_rows
        using (content_hash)
    where
        rankings.slice = 'all'
        and rankings.grain = 'day'
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
