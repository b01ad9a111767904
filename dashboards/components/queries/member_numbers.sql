-- One row per member of the market: its number among those of its dimension, by tokens of the newest
-- twelve weeks, then of all time. Bases, attributions and periods share it.
with sizes as (
    select
        dimension, member,
        sum(tokens) filter (where week_start > (select max(week_start) from market_share_weekly) - 84) as newest_tokens,
        sum(tokens) as all_tokens
    from market_share_weekly
    where member <> 'unknown'
    group by all
),

numbered as (
    select
        member,
        row_number() over (partition by dimension order by newest_tokens desc nulls last, all_tokens desc nulls last, member)::integer - 1 as number
    from sizes
)

select member, min(number) as number
from numbered
group by member
order by member
