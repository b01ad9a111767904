-- One row per week and member that was among the first ten in any week: its rank, null in a week in
-- which it was not among the ten.
with asked as (
    select week_start, member, tokens, share, rank
    from market_share_weekly
    where
        basis = $basis and attribution = $attribution and dimension = $dimension and is_whole_week and rank <= 10
        and week_start >= greatest($first, $last - 7 * 26) and week_start + 6 <= $last
),

weeks as (
    select unnest(generate_series(min(week_start), max(week_start), interval 7 day))::date as week_start
    from asked
)

select week_start, member, rank, share, tokens, $dimension as dimension, $basis as basis, $attribution as attribution
from weeks
cross join (select distinct member from asked)
left join asked using (week_start, member)
order by member, week_start
