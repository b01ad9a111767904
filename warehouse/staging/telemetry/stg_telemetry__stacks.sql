-- One row per target, kind of info page, its labels and when they were first seen: a version of the serving stack, and while it held.
select
    target,
    engine,
    metric,
    labels,
    first_at,
    last_at,
    coalesce({{ label_of('labels', 'dtype') }}, {{ label_of('labels', 'quantisation') }}) as dtype
from {{ source('ledger', 'stack_versions') }}
where {{ is_known_hour('first_at') }}
