-- One row per benchmark, setting, variant and figure that we measured with a script of ours, once: not data of a source, not of the tier in use.
select
    benchmark,
    setting,
    coalesce(variant, 'none') as variant,
    figure,
    value,
    unit,
    measured_on,
    command,
    hardware
from {{ ref('own_measurements_noted') }}
order by benchmark, setting, variant, figure
