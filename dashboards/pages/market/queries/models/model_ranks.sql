-- One row per model family of the last whole week of the period, the largest first: its tokens, share and
-- rank, what changed in a week, and its tokens of thirteen weeks. A week below the cutoff or not known
-- whole is null.
with weekly as (
    select week_start, member as model_family, tokens, share, share_low, share_high, rank
    from market_share_weekly
    where
        basis = $basis and attribution = $attribution and dimension = 'family' and is_whole_week and member <> 'unknown'
        and week_start + 6 <= $last
),

newest as (
    select max(week_start) as week_start from weekly
),

weeks as (
    select unnest(generate_series(week_start - 84, week_start, interval 7 day))::date as week_start from newest
),

recent as (
    select model_family, list(weekly.tokens order by week_start) as recent_tokens
    from weeks
    cross join (select distinct model_family from weekly where week_start = (from newest))
    left join weekly using (week_start, model_family)
    group by model_family
),

labs as (
    select model_family, any_value(author_slug) as author_slug from models group by model_family
)

select
    now.week_start, now.rank, before.rank - now.rank as ranks_gained, now.model_family, labs.author_slug,
    now.tokens, now.tokens / before.tokens - 1 as change_ratio, now.share, now.share_low, now.share_high, recent.recent_tokens
from weekly as now
inner join newest on now.week_start = newest.week_start
inner join recent on now.model_family = recent.model_family
left join weekly as before on now.model_family = before.model_family and now.week_start = before.week_start + 7
left join labs on now.model_family = labs.model_family
order by now.rank, now.model_family
