-- UTC days whose prices this answer changes: those since the last day that was known, and of a model
-- of which it says something new those from its first price that was not known, or is no more.
with changed_points as (
    select incoming_points.*
    from incoming_points
    inner join changed_series using (model_id)
),

changed_models as (
    select distinct model_id
    from changed_points
),

replaced_points as (
    select known_points.*
    from known_points
    inner join changed_models using (model_id)
),

unlike as (
    (
        select * exclude (position) from changed_points
        except all
        select * exclude (position) from replaced_points
    )
    union all
    (
        select * exclude (position) from replaced_points
        except all
        select * exclude (position) from changed_points
    )
),

begun as (
    select date as first_date from unlike
    union all
    select least(last_seen, known_last_seen) + 1 as first_date from changed_series
    union all
    select coalesce(getvariable('known_as_of')::date, getvariable('as_of')::date) + 1 as first_date
)

select
    $source as target,
    unnest(generate_series(min(begun.first_date), getvariable('as_of')::date, interval 1 day))::date as day
from begun
