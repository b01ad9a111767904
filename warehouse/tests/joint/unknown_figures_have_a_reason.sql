-- A figure or the reason for its absence is there, never both and never neither.
{{ config(meta={'is_local': true}) }}
select
    figures.hour_at,
    figures.target,
    figures.model_name,
    pairs.figure,
    pairs.value,
    pairs.reason
from {{ ref('local_efficiency_hourly') }} as figures,
    lateral (
        values
        (
            'tokens_per_second_per_device',
            figures.tokens_per_second_per_device,
            figures.speed_reason
        ),
        ('joules_per_token', figures.joules_per_token, figures.energy_reason),
        ('usd_per_mtok', figures.usd_per_mtok::double, figures.cost_reason),
        ('goodput_share', figures.goodput_share, figures.goodput_reason),
        ('mfu', figures.mfu, figures.mfu_reason),
        ('mbu', figures.mbu, figures.mbu_reason)
    ) as pairs (figure, value, reason)
where (pairs.value is null) <> (pairs.reason is not null)

union all

select
    hour_at,
    target,
    device as model_name,
    'is_valid' as figure,
    joules as value,
    reason
from {{ ref('device_energy_hourly') }}
where is_valid <> (reason is null)
