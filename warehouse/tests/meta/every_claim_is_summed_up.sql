-- A claim has at least one basis and one row that sums them up, whose verdict is depends_on_basis
-- only if some bases hold and some do not, and contradicted only if none holds.
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
        and (
            count(*) filter (where basis <> 'all' and verdict = 'supported') = 0
            or count(*) filter (
                where basis <> 'all' and verdict not in ('supported', 'unverifiable', 'not_judged')
            ) = 0
        )
    )
    or (
        any_value(verdict) filter (where basis = 'all') = 'contradicted'
        and count(*) filter (where basis <> 'all' and verdict = 'supported') > 0
    )
