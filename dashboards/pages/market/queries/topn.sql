-- One row per cut and member: shares of the five largest members of the period's newest whole week, by
-- how many of the week's models are counted.
with newest as (
    select *
    from market_topn_weekly
    where
        attribution = $attribution and dimension = $dimension
        and week_start = (select max(week_start) from market_share_weekly where is_whole_week and week_start + 6 <= $last)
)

select week_start, top_n, member, tokens, share, rank, $dimension as dimension, $attribution as attribution
from newest
where member in (select member from newest where member <> 'unknown' group by member order by sum(tokens) desc, member limit 5)
order by member, top_n
