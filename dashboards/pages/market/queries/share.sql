-- One row per whole week of the period and member: the nine largest of its last twelve weeks, all
-- others, and the unknown.
with shown as (
    select week_start, member, tokens, share, share_low, share_high, rank
    from market_share_weekly
    where
        basis = $basis and attribution = $attribution and dimension = $dimension and is_whole_week
        and week_start >= $first and week_start + 6 <= $last
),

largest as (
    select member
    from shown
    where member <> 'unknown'
    group by member
    order by sum(tokens) filter (where week_start >= (select max(week_start) from shown) - 84) desc nulls last, member
    limit 9
)

select
    week_start,
    if(member in (select member from largest) or member = 'unknown', member, 'all others') as member,
    sum(tokens)::bigint as tokens,
    sum(share) as share,
    case when count(*) = 1 then any_value(share_low) end as share_low,
    case when count(*) = 1 then any_value(share_high) end as share_high,
    case when count(*) = 1 then any_value(rank) end as rank,
    $dimension as dimension,
    $basis as basis,
    $attribution as attribution
from shown
group by all
order by week_start, tokens desc, member
