-- One row per UTC day, model and change (as_of): every value that a figure has had.
--
-- Revisions stand in the order in which we learned them.
select
    date,
    model_permaslug,
    as_of,
    total_tokens,
    previous_total_tokens,
    total_tokens / nullif(previous_total_tokens, 0) - 1 as change_ratio,
    total_tokens is null as is_withdrawn,
    row_number() over (partition by date, model_permaslug order by as_of) as revision,
    origin,
    answer_sha256
from {{ ref('ranking_row_versions') }}
where
    slice = 'all'
    and grain = 'day'
order by date, model_permaslug, as_of
