-- One row per ranking (slice, grain, date) and version: each change of what we know about it.
--
-- Versions follow the instants of the answers, not the order of loading, so overlapping windows
-- give the same versions in either order.
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
    -- The source once had the ranking and now has none: it was withdrawn.
    content_hash is null
    and max(content_hash)
        over (version_order rows between unbounded preceding and 1 preceding)
    is not null as is_withdrawn,
    row_number() over (partition by slice, grain, date order by content_hash is null, as_of desc)
    = 1
    and content_hash is not null as is_current
from (
    select *
    from {{ ref('stg_openrouter__ranking_days') }}
    qualify
        row_number() over (partition by slice, grain, date order by as_of) = 1
        or content_hash is distinct from lag(content_hash)
            over (partition by slice, grain, date order by as_of)
)
window version_order as (partition by slice, grain, date order by as_of)
