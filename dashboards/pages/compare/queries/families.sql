-- One row per family that ever ranked, the largest of the last four weeks first.
select member
from market_share_weekly
where basis = 'platform' and dimension = 'family' and member <> 'unknown'
group by member
order by
    sum(tokens) filter (where week_start > (select max(week_start) from market_share_weekly) - 28) desc nulls last, sum(tokens) desc, member
