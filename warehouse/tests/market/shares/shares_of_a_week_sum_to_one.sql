-- Every token of a week belongs to exactly one member of a dimension, `unknown` included.
select
    week_start,
    basis,
    attribution,
    dimension,
    sum(share) as share
from {{ ref('market_share_weekly') }}
group by week_start, basis, attribution, dimension
having sum(share) is null or abs(sum(share) - 1) > 1e-9
