-- In every grain our share of the market times the market is what we served, and the members of a
-- target sum to the platform's row.
select
    date,
    grain,
    member,
    target,
    local_tokens,
    local_to_market * market_tokens as expected
from {{ ref('local_vs_market_grains_daily') }}
where abs(local_to_market * market_tokens - local_tokens) > greatest(1e-9 * local_tokens, 1e-6)

union all

select
    members.date,
    members.grain,
    'all members' as member,
    members.target,
    sum(members.local_tokens) as local_tokens,
    any_value(totals.local_tokens) as expected
from {{ ref('local_vs_market_grains_daily') }} as members
inner join {{ ref('local_vs_market_grains_daily') }} as totals
    on
        members.date = totals.date
        and members.target = totals.target
        and totals.grain = 'platform'
group by members.date, members.grain, members.target
having sum(members.local_tokens) <> any_value(totals.local_tokens)
