set variable first_arrival = (select min(arrival_at) from segment);

-- One row per request that is not known yet. An identifier is given once, so the usage log of one
-- server never has it twice.
insert into raw.request_events by name
with known as (
    -- The same request has the same arrival, so most of what is known is not looked at.
    select request_id
    from raw.request_events
    where arrival_at >= getvariable('first_arrival')
),

newest as (
    select
        name as target,
        arg_max(entry, coalesce(valid_from, '-infinity')) as entry
    from raw.tier_file
    where section = 'target'
    group by name
),

targets as (
    select
        newest.target,
        map_keys((newest.entry -> '$.model_map')::map (varchar, varchar)) as models,
        coalesce(versions.valid_from, '-infinity') as valid_from,
        coalesce(versions.valid_to, 'infinity') as valid_to
    from newest
    inner join raw.tier_file as versions
        on
            newest.target = versions.name
            and versions.section = 'target'
    where (newest.entry ->> '$.engine') = 'tokentide'
),

-- A target that names no model may serve any. Where several could have served a request when it
-- came, nobody knows which one did.
targets_by_request as (
    select
        segment.request_id,
        case when count(distinct targets.target) = 1 then any_value(targets.target) end as target
    from segment
    inner join targets
        on
            (contains(targets.models, segment.model) or len(targets.models) = 0)
            and segment.arrival_at >= targets.valid_from
            and segment.arrival_at < targets.valid_to
    group by segment.request_id
)

select
    segment.*,
    coalesce(targets_by_request.target, 'local') as target
from segment
left join targets_by_request
    on segment.request_id = targets_by_request.request_id
anti join known
    on segment.request_id = known.request_id
qualify
    row_number() over (
        partition by segment.request_id
        order by segment.last_token_at desc nulls last
    ) = 1;
