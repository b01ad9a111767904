-- One row per week and member: the share of one member, or of the largest few, with bounds. A week
-- that is not known whole has a row without figures.
with asked as (
    select week_start, member, tokens, share, share_low, share_high, rank, is_whole_week
    from market_share_weekly
    where
        basis = $basis and attribution = $attribution and dimension = $dimension
        and week_start >= $first and week_start + 6 <= $last
),

weeks as (
    select unnest(generate_series(min(week_start), max(week_start), interval 7 day))::date as week_start
    from asked
    where is_whole_week
),

members as (
    select member
    from asked
    where is_whole_week and if($member = '', member <> 'unknown', member = $member)
    group by member
    order by sum(tokens) desc, member
    limit $top
)

select week_start, member, tokens, share, share_low, share_high, rank, $dimension as dimension
from weeks
cross join members
left join (select * from asked where is_whole_week) using (week_start, member)
where week_start >= (select min(week_start) from asked where is_whole_week and member in (from members))
order by member, week_start
