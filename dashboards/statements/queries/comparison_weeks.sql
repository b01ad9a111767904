-- One row per basis and ISO week: whether the share of one member was above that of another.
--
-- A week is true if the first member's least share is above the other's greatest, and false if its
-- greatest is not above the other's least: then no owner of the unknown tokens changes it. Between
-- the two is_true is null, and so it is for a week that is not known whole.
with calendar as (
    select
        bases.basis,
        weeks.week_start
    from (select unnest($bases) as basis) as bases
    cross join (
        select unnest(generate_series($first_week, $last_week, interval 7 day))::date as week_start
    ) as weeks
),

shares as (
    select
        week_start,
        basis,
        any_value(days) as days,
        any_value(share) filter (where member = $above) as above_share,
        any_value(share_low) filter (where member = $above) as above_low,
        any_value(share_high) filter (where member = $above) as above_high,
        any_value(share) filter (where member = $below) as below_share,
        any_value(share_low) filter (where member = $below) as below_low,
        any_value(share_high) filter (where member = $below) as below_high,
        coalesce(max(share_high - share_low) filter (where member <> 'unknown'), 1.0) as unknown_share
    from marts.market_share_weekly
    where
        dimension = $dimension
        and attribution = $attribution
        and week_start between $first_week and $last_week
    group by week_start, basis
),

bounded as (
    select
        calendar.basis,
        calendar.week_start,
        coalesce(shares.days, 0)::integer as days,
        -- A member that is not named has no tokens among the named ones; it may own the unknown.
        coalesce(shares.above_share, case when shares.basis <> 'platform' then 0.0 end) as above_share,
        coalesce(shares.above_low, case when shares.basis is not null then 0.0 end) as above_low,
        coalesce(shares.above_high, shares.unknown_share) as above_high,
        coalesce(shares.below_share, case when shares.basis <> 'platform' then 0.0 end) as below_share,
        coalesce(shares.below_low, case when shares.basis is not null then 0.0 end) as below_low,
        coalesce(shares.below_high, shares.unknown_share) as below_high
    from calendar
    left join shares
        using (basis, week_start)
)

select
    basis,
    week_start,
    days,
    above_share,
    above_low,
    above_high,
    below_share,
    below_low,
    below_high,
    case
        when days < 7 then null
        when above_low > below_high then true
        when above_high <= below_low then false
    end as is_true,
    case
        when days = 0 then 'No day of this week is loaded.'
        when days < 7 then format('Only {} of 7 days are known.', days)
        when above_low <= below_high and above_high > below_low
            then 'It depends on whose the unknown tokens are.'
    end as reason
from bounded
order by basis, week_start
