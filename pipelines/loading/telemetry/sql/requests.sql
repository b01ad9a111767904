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

targets as (
    select
        entry ->> '$.name' as target,
        map_keys((entry -> '$.model_map')::map (varchar, varchar)) as models
    from raw.tier_file
    where section = 'target' and (entry ->> '$.engine') = 'tokentide'
),

-- A target that names no model may serve any. Where several could have served a request, nobody
-- knows which one did.
targets_by_model as (
    select
        models.model,
        case when count(targets.target) = 1 then any_value(targets.target) end as target
    from (select distinct segment.model from segment) as models
    left join targets
        on contains(targets.models, models.model) or len(targets.models) = 0
    group by models.model
)

select
    segment.*,
    coalesce(targets_by_model.target, 'local') as target
from segment
left join targets_by_model
    on segment.model = targets_by_model.model
anti join known
    on segment.request_id = known.request_id
qualify
    row_number() over (
        partition by segment.request_id
        order by segment.last_token_at desc nulls last
    ) = 1;
