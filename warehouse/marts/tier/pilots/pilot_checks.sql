-- One row per pilot, server and feature: what the server did when it was asked for it.
with listed as (
    select
        results.pilot_id,
        results.name,
        results.started_at,
        sides.side,
        results.servers -> sides.side ->> 'model' as model_name,
        unnest(
            from_json(
                results.servers -> sides.side -> 'checks',
                '[{"check":"VARCHAR","outcome":"VARCHAR","detail":"VARCHAR"}]'
            )
        ) as found
    from {{ ref('stg_pilots__results') }} as results
    cross join (values ('a'), ('b')) as sides (side)
)

select
    pilot_id,
    side,
    found['check'] as feature,
    found['outcome'] as outcome,
    nullif(found['detail'], '') as detail,
    model_name,
    name,
    started_at
from listed
order by started_at, pilot_id, side, feature
