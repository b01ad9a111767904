-- One row per UTC day since the first capture: downloads of all models, and what befell the counters. After
-- the first capture alone there is no row, since no day has a difference yet.
select
    date,
    downloads,
    spread_downloads,
    counted_models,
    listed_models,
    is_stall,
    is_half_list,
    reason
from download_days
where is_counted or listed_models > 0
qualify count(downloads) over () > 0
order by date
