-- One row per week of the period and chosen family: its tokens, share and rank, null in a week that is
-- not known whole, or in which it was below the cutoff.
with asked as (
    select week_start, member, tokens, share, share_low, share_high, rank
    from market_share_weekly
    where
        basis = 'platform' and attribution = 'releasing_lab' and dimension = 'family' and is_whole_week
        and list_contains($models, member) and week_start >= $first and week_start + 6 <= $last
),

weeks as (
    select unnest(generate_series(min(week_start), max(week_start), interval 7 day))::date as week_start
    from asked
)

select week_start, member, tokens, share, share_low, share_high, rank
from weeks
cross join (select unnest($models) as member)
left join asked using (week_start, member)
order by member, week_start
