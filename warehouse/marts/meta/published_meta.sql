-- One row: the number of this file, the reach of its knowledge, and its citation.
--
-- Publishing fills in the number, the instant and the versions. The table is marts.meta; Dagster
-- reserves that name, so the file has another.
{{ config(alias='meta') }}

with days as (
    select
        max(as_of) as as_of,
        min(date) as first_date,
        max(date) filter (where not is_missing) as last_date
    from {{ ref('market_days') }}
),

origins as (
    select string_agg(distinct origin, ', ' order by origin) as origin
    from {{ ref('market_days') }}
    where origin is not null
)

select
    null::integer as generation,
    null::timestamptz as published_at,
    days.as_of,
    {% if var('as_of') %}{{ as_of() }}{% else %}null::timestamptz{% endif %} as asked_as_of,
    coalesce(origins.origin, 'none') as origin,
    case
        when origins.origin = 'simulated'
            then 'Simulated by Tokentide''s stand-in market. These are not real figures.'
        else format(
            'Source: OpenRouter (openrouter.ai/rankings), as of {:s}. Licensed under CC BY 4.0.',
            strftime(days.as_of, '%Y-%m-%dT%H:%M:%S.%gZ')
        )
    end as citation,
    days.first_date,
    days.last_date,
    null::varchar as tokentide_version,
    null::varchar as duckdb_version
from days, origins
