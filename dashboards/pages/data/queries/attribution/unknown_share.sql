-- One row per week and field: the share of named tokens whose field is not known.
select week_start, field, sum(share) filter (where ground = 'unknown') as share
from attribution_coverage_weekly
group by week_start, field
order by week_start, field
