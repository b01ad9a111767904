-- A part is not more than the whole. These figures come from the servers themselves, and the peaks
-- from a file, so a person should look.
{{ config(severity='warn', meta={'is_local': true}) }}
select
    'local_efficiency_hourly' as mart,
    hour_at,
    target,
    model_name as what,
    greatest(goodput_share, mfu, mbu, busy_share) as largest
from {{ ref('local_efficiency_hourly') }}
where
    greatest(goodput_share, mfu, mbu, busy_share) > 1
    or least(goodput_share, mfu, mbu, busy_share) < 0

union all

select
    'device_energy_hourly' as mart,
    hour_at,
    target,
    device as what,
    greatest(coverage, utilisation) as largest
from {{ ref('device_energy_hourly') }}
where greatest(coverage, utilisation) > 1.000001 or least(coverage, utilisation) < 0

union all

select
    'speculation_hourly' as mart,
    hour_at,
    target,
    model_name as what,
    greatest(acceptance, list_max(acceptance_at_position)) as largest
from {{ ref('speculation_hourly') }}
where acceptance not between 0 and 1 or list_max(acceptance_at_position) > 1

union all

select
    'prefix_cache_hourly' as mart,
    hour_at,
    target,
    model_name as what,
    greatest(hit_share, total_hit_share) as largest
from {{ ref('prefix_cache_hourly') }}
where hit_share not between 0 and 1 or total_hit_share not between 0 and 1

union all

select
    'expert_overlap_hourly' as mart,
    hour_at,
    target,
    schedule as what,
    exposed_share as largest
from {{ ref('expert_overlap_hourly') }}
where exposed_share not between 0 and 1
