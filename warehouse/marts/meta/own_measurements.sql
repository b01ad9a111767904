-- One row per benchmark, setting, variant and figure that one of our scripts measured once.
--
-- Neither data of a source nor of the tier in use.
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
