-- One row per pilot: what was compared and how, and the lists of its figures as JSON.
select
    pilot_id,
    started_at,
    ended_at,
    result::json ->> 'name' as name,
    result::json ->> 'arrivals' as arrivals,
    (result::json ->> 'requests')::bigint as requests,
    (result::json ->> 'blocks')::bigint as blocks,
    (result::json ->> 'planned_blocks')::bigint as planned_blocks,
    (result::json ->> 'was_stopped')::boolean as was_stopped,
    (result::json ->> 'is_stream')::boolean as is_stream,
    (result::json ->> 'ignores_eos')::boolean as ignores_eos,
    (result::json ->> 'temperature')::double as temperature,
    (result::json ->> 'level')::double as level,
    result::json ->> 'version' as version,
    result::json ->> 'client_machine' as client_machine,
    (result::json -> 'greedy' ->> 'completed')::bigint as greedy_completed,
    (result::json -> 'greedy' ->> 'equal')::bigint as greedy_equal,
    result::json -> 'servers' as servers,
    result::json -> 'differences' as differences
from {{ source('raw', 'pilots') }}
where {{ is_known_hour('ended_at') }}
