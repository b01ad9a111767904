-- Tokens and share of the five largest labs in the last seven days, one row per author.
with week as (
    from market_tokens_daily where date > (select max(date) - 7 from market_tokens_daily)
),

total as (
    select
        sum(total_tokens) as tokens,
        coalesce(
            sum(total_tokens) filter (where is_other or releasing_lab = 'unknown'), 0
        ) as unattributed_tokens
    from week
)

select
    week.author_slug,
    sum(week.total_tokens)::bigint as tokens,
    sum(week.total_tokens) / any_value(total.tokens) as share,
    (sum(week.total_tokens) + any_value(total.unattributed_tokens))
    / any_value(total.tokens) as share_high
from week, total
where week.releasing_lab <> 'unknown'
group by week.author_slug
order by tokens desc
limit 5
