-- One row per model family and week since launch: its share of the platform and of its best week.
--
-- Families, not listings: a new date or a free variant of the same model is no launch. In a week
-- without a day in the top 50 its share is not known, only that it is at most share_at_most. Days
-- without `other` are left out, since their total is not known.
with days as (
    select
        date,
        date_trunc('week', date)::date as week_start,
        platform_tokens,
        cutoff_tokens
    from {{ ref('market_days') }}
    where
        not is_missing
        and not is_other_missing
),

weeks as (
    select
        week_start,
        count(*) as days,
        sum(platform_tokens)::bigint as platform_tokens,
        sum(cutoff_tokens)::bigint as cutoff_tokens,
        week_start = min(week_start) over () as is_first_of_all
    from days
    group by week_start
),

listed as (
    select
        canonical_slug,
        min(listed_at)::date as listed_date
    from {{ ref('stg_openrouter__models') }}
    group by canonical_slug
),

families as (
    select
        models.model_family,
        min(models.author_slug) as author_slug,
        count(*) as listings,
        min(models.first_ranked_date) as first_ranked_date,
        date_trunc('week', least(min(models.first_ranked_date), min(listed.listed_date)))::date
            as launched_week
    from {{ ref('models') }} as models
    left join listed
        on models.model_base = listed.canonical_slug
    group by models.model_family
),

weekly as (
    select
        days.week_start,
        daily.model_family,
        sum(daily.total_tokens)::bigint as tokens
    from {{ ref('market_tokens_daily') }} as daily
    inner join days
        using (date)
    where not daily.is_other
    group by all
),

-- Upper bound of what a family's listings served on days on which none of them ranked.
ranked_days as (
    select
        week_start,
        model_family,
        count(*) as days_ranked,
        sum(cutoff_tokens)::bigint as cutoff_tokens_of_days_ranked
    from (
        select distinct
            days.date,
            days.week_start,
            days.cutoff_tokens,
            daily.model_family
        from {{ ref('market_tokens_daily') }} as daily
        inner join days
            using (date)
        where not daily.is_other
    ) as distinct_days
    group by all
),

grid as (
    select
        families.model_family,
        families.author_slug,
        families.launched_week,
        weeks.week_start,
        weeks.days,
        coalesce(ranked_days.days_ranked, 0) as days_ranked,
        weekly.tokens,
        weekly.tokens / weeks.platform_tokens as share_of_platform,
        (
            coalesce(weekly.tokens, 0)
            + families.listings
            * (weeks.cutoff_tokens - coalesce(ranked_days.cutoff_tokens_of_days_ranked, 0))
        ) / weeks.platform_tokens as share_at_most,
        weeks.cutoff_tokens / weeks.platform_tokens as cutoff_share,
        bool_or(weeks.is_first_of_all and weekly.tokens is not null) over family as is_left_censored
    from families
    inner join weeks
        on weeks.week_start >= date_trunc('week', families.first_ranked_date)
    left join weekly
        using (model_family, week_start)
    left join ranked_days
        using (model_family, week_start)
    window family as (partition by families.model_family)
),

peaks as (
    select
        model_family,
        max(share_of_platform) as peak_share,
        arg_max(week_start, share_of_platform) as peak_week
    from grid
    group by model_family
)

select
    grid.model_family,
    ((grid.week_start - grid.launched_week) / 7)::integer as weeks_since_launch,
    grid.author_slug,
    grid.launched_week,
    grid.week_start,
    grid.tokens,
    grid.share_of_platform,
    grid.share_at_most,
    grid.cutoff_share,
    grid.share_of_platform / nullif(peaks.peak_share, 0) as share_of_peak,
    grid.week_start = peaks.peak_week as is_peak,
    grid.days_ranked,
    grid.days,
    grid.is_left_censored,
    -- As far as is known, the share has not halved yet.
    not bool_or(grid.week_start > peaks.peak_week and grid.share_at_most <= peaks.peak_share / 2)
        over family
        as is_right_censored,
    grid.is_left_censored
    or not bool_or(
        grid.week_start > peaks.peak_week and grid.share_at_most <= peaks.peak_share / 2
    ) over family as is_censored
from grid
inner join peaks
    using (model_family)
-- All days of a family may have been left out.
where peaks.peak_week is not null
window family as (partition by grid.model_family)
order by grid.model_family, grid.week_start
