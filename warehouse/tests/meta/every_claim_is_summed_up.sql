-- A claim has at least one basis and one row that sums them up, whose verdict is depends_on_basis
-- only if the bases differ.
select
    claim_id,
    count(*) filter (where basis = 'all') as sums,
    count(*) filter (where basis <> 'all') as bases
from {{ ref('claims') }}
group by claim_id
having
    count(*) filter (where basis = 'all') <> 1
    or count(*) filter (where basis <> 'all') = 0
    or (
        any_value(verdict) filter (where basis = 'all') = 'depends_on_basis'
        and count(distinct verdict) filter (where basis <> 'all' and verdict <> 'unverifiable') < 2
    )
