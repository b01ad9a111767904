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
    ) as dtype,
    -- As the server calls it; none where it serves the weights as they are.
    nullif(
        coalesce(
            {{ label_value('labels', 'quantisation') }},
            {{ label_value('labels', 'quantization') }}
        ),
        'none'
    ) as quantization
from {{ source('ledger', 'stack_versions') }}
where {{ is_known_hour('first_at') }}
