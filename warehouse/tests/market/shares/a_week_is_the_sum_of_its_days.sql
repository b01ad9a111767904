-- However a week is split, by author, country or family, its parts sum to the tokens of its days.
with days as (
    select
        date_trunc('week', date)::date as week_start,
        sum(platform_tokens) as platform_tokens,
        sum(platform_tokens - coalesce(other_tokens, 0)) as top50_tokens
    from {{ ref('market_days') }}
    where not is_missing
    group by week_start
),

weeks as (
    select
        week_start,
        basis,
        attribution,
        dimension,
        sum(tokens) as tokens
    from {{ ref('market_share_weekly') }}
    group by week_start, basis, attribution, dimension
)

select
    weeks.*,
    days.platform_tokens,
    days.top50_tokens
from weeks
full outer join days
    using (week_start)
where
    weeks.week_start is null
    or days.week_start is null
    or weeks.basis = 'platform' and weeks.tokens <> days.platform_tokens
    or weeks.basis = 'top50' and weeks.tokens <> days.top50_tokens
    or weeks.basis = 'top9' and weeks.tokens > days.top50_tokens
