-- One row per week: the parts of the named models' tokens whose price is known, bounded by comparable models, and not known.
select
    week_start, sum(free_tokens) / sum(tokens) as free, greatest(sum(priced_share * tokens - free_tokens) / sum(tokens), 0) as paid,
    sum(compared_share * tokens) / sum(tokens) as compared,
    greatest(1 - sum((priced_share + compared_share) * tokens) / sum(tokens), 0) as unknown
from market_spend_weekly
where attribution = 'releasing_lab' and dimension = 'country' and week_start >= $first and week_start <= $last
group by week_start
order by week_start
