-- One row per board (slice, grain, date) and version: each time that what we knew of a board changed, in the order of the answers' instants.
--
-- The order in which answers were loaded plays no part, so two overlapping windows give the same versions either way.
select
    slice,
    grain,
    date,
    row_number() over version_order as version,
    as_of,
    content_hash,
    row_count,
    has_other,
    origin,
    answer_sha256,
    -- Nothing where there was something before: the source withdrew the board.
    content_hash is null and max(content_hash) over (version_order rows between unbounded preceding and 1 preceding) is not null as is_withdrawn,
    row_number() over (partition by slice, grain, date order by content_hash is null, as_of desc) = 1 and content_hash is not null as is_current
from (
    select *
    from {{ ref('stg_openrouter__ranking_days') }}
    qualify
        row_number() over (partition by slice, grain, date order by as_of) = 1
        or content_hash is distinct from lag(content_hash) over (partition by slice, grain, date order by as_of)
)
window version_order as (partition by slice, grain, date order by as_of)
