-- One row: the family's newest whole week, the week before, its rank, and its first and last day
-- among the named models.
with weekly as (
    select week_start, tokens, share, share_low, share_high, rank
    from market_share_weekly
    where basis = 'platform' and attribution = 'releasing_lab' and dimension = 'family' and member = $family and is_whole_week
),

newest as (
    select max(week_start) as week_start from market_share_weekly where is_whole_week
),

ever as (
    select min(date) as first_ranked, max(date) as last_ranked, min(rank) as best_rank, string_agg(distinct weights, ', ') as weights,
        arg_max(releasing_lab, date) as lab, arg_max(releasing_country, date) as country
    from market_tokens_daily
    where model_family = $family
),

cutoff as (
    select sum(cutoff_tokens)::bigint as cutoff_tokens from market_days where date_trunc('week', date)::date = (from newest)
)

select
    newest.week_start, now.tokens, now.share, now.share_low, now.share_high, now.rank, before.tokens as tokens_before, ever.*, cutoff.cutoff_tokens
from newest
cross join ever
cross join cutoff
left join weekly as now on newest.week_start = now.week_start
left join weekly as before on newest.week_start = before.week_start + 7
where ever.first_ranked is not null
