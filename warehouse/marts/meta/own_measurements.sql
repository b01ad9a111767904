-- One row per benchmark, setting, variant and figure of the last run of one of our benchmarks.
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
    hardware,
    value_low,
    value_high,
    aim,
    is_met,
    commit_sha,
    versions,
    load_low,
    load_high,
    measured_on_reason,
    hardware_reason,
    commit_reason,
    versions_reason,
    load_reason
from {{ ref('benchmark_results') }}
order by benchmark, setting, variant, figure
