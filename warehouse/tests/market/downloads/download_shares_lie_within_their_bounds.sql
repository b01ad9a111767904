-- Bounds must hold the share that they bound, and lie between nothing and all.
select
    week_start,
    attribution,
    dimension,
    member,
    share,
    share_low,
    share_high
from {{ ref('downloads_weekly') }}
where
    share_low > share + 1e-9
    or share > share_high + 1e-9
    or share_low < 0
    or share_high > 1 + 1e-9
