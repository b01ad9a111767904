-- One row per target, kind of info page, its labels and first sight: a version of the stack.
select
    target,
    engine,
    metric,
    labels,
    first_at,
    last_at,
    coalesce(
        {{ label_value('labels', 'dtype') }}, {{ label_value('labels', 'quantisation') }}
    ) as dtype
from {{ source('ledger', 'stack_versions') }}
where {{ is_known_hour('first_at') }}
