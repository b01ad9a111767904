-- One row per ISO week, from the first to the last with figures.
select unnest(generate_series(min(week_start), max(week_start), interval 7 day))::date as week_start
from marts.market_share_weekly
