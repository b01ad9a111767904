-- One row per week: how concentrated the market is among authors, at least and at most. A week that
-- is not known whole has a row without figures.
with asked as (
    select *
    from market_concentration_weekly
    where basis = $basis and is_whole_week and week_start >= $first and week_start + 6 <= $last
),

weeks as (
    select unnest(generate_series(min(week_start), max(week_start), interval 7 day))::date as week_start
    from asked
)

select week_start, hhi, hhi_high, cr4, cr4_high, leader, leader_share, is_lead_certain
from weeks
left join asked using (week_start)
order by week_start
