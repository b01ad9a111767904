-- One row per pilot and metric: the figure of both servers, and B minus A with its interval.
with listed as (
    select
        *,
        unnest(
            from_json(
                differences,
                '[{"metric":"VARCHAR","unit":"VARCHAR","is_more_better":"BOOLEAN","pairs":"BIGINT","a":"DOUBLE","b":"DOUBLE",'
                || '"difference":"DOUBLE","low":"DOUBLE","high":"DOUBLE","ratio":"DOUBLE","ratio_low":"DOUBLE",'
                || '"ratio_high":"DOUBLE","is_distinct":"BOOLEAN","reason":"VARCHAR"}]'
            )
        ) as difference
    from {{ ref('stg_pilots__results') }}
)

select
    pilot_id,
    difference['metric'] as metric,
    difference['unit'] as unit,
    difference['a'] as a,
    difference['b'] as b,
    difference['difference'] as difference,
    difference['low'] as low,
    difference['high'] as high,
    difference['pairs'] as pairs,
    difference['ratio'] as ratio,
    difference['ratio_low'] as ratio_low,
    difference['ratio_high'] as ratio_high,
    difference['is_more_better'] as is_more_better,
    difference['is_distinct'] as is_distinct,
    case
        when difference['low'] is null then coalesce(difference['reason'], 'the result file does not say why')
        when difference['ratio'] is null then 'a figure is 0, or the ratio is not bounded within a factor of ten'
    end as reason,
    name,
    started_at,
    ended_at,
    servers -> 'a' ->> 'target' as target_a,
    servers -> 'b' ->> 'target' as target_b,
    servers -> 'a' ->> 'model' as model_name_a,
    servers -> 'b' ->> 'model' as model_name_b,
    servers -> 'a' ->> 'device_kind' as device_kind_a,
    servers -> 'b' ->> 'device_kind' as device_kind_b,
    (servers -> 'a' ->> 'completed')::bigint as completed_a,
    (servers -> 'b' ->> 'completed')::bigint as completed_b,
    requests,
    blocks,
    planned_blocks,
    was_stopped,
    level,
    greedy_completed,
    greedy_equal,
    arrivals,
    version,
    client_machine
from listed
order by started_at, pilot_id, metric
