-- One row per version of an entry of the tier that held for an hour: from which hour on, up to which.
--
-- An hour has the version that held when it began, or else the first one that held within it.
with versions as (
    select
        section,
        name,
        part,
        entry,
        valid_from,
        {{ floor_to_hour('valid_from') }} as first_hour_at,
        coalesce(
            {{ floor_to_hour("valid_to + interval '3599999999 microseconds'") }},
            'infinity'
        ) as until_at
    from {{ source('raw', 'tier_file') }}
)

select
    section,
    name,
    part,
    entry,
    coalesce(greatest(first_hour_at, max(until_at) over before), '-infinity') as from_at,
    until_at
from versions
window
    before as (
        partition by section, name, part
        order by valid_from nulls first
        rows between unbounded preceding and 1 preceding
    )
qualify from_at < until_at
