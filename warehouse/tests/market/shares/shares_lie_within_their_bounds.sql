-- Bounds must hold the figure that they bound.
select
    week_start,
    basis,
    concat_ws(' ', attribution, dimension, member) as figure,
    share as value,
    share_low as low,
    share_high as high
from {{ ref('market_share_weekly') }}
where
    not coalesce(
        0 <= share_low and share_low <= share and share <= share_high and share_high <= 1, false
    )

union all

select
    week_start,
    basis,
    'hhi' as figure,
    hhi as value,
    0 as low,
    hhi_high as high
from {{ ref('market_concentration_weekly') }}
where not coalesce(hhi > 0 and hhi <= hhi_high and hhi_high <= 1 + 1e-9, false)

union all

select
    week_start,
    basis,
    'cr4' as figure,
    cr4 as value,
    leader_share as low,
    cr4_high as high
from {{ ref('market_concentration_weekly') }}
where
    not coalesce(
        leader_share > 0
        and leader_share <= cr4 + 1e-9
        and cr4 <= cr4_high + 1e-9
        and cr4_high <= 1 + 1e-9,
        false
    )
