-- The cost of a target is split among its models, no more and no less.
{{ config(meta={'is_local': true}) }}
select
    hour_at,
    target,
    sum(share_of_target) as share
from {{ ref('served_tokens_hourly') }}
where share_of_target is not null
group by hour_at, target
having abs(sum(share_of_target) - 1) > 1e-9
