-- One row per kind of device and dtype: the peak performance of one device, from the tier file.
select
    entry ->> '$.device_kind' as device_kind,
    entry ->> '$.dtype' as dtype,
    (entry ->> '$.tflops')::double * 1e12 as peak_flop_per_second,
    (entry ->> '$.bandwidth_gbps')::double * 1e9 as peak_bytes_per_second
from {{ source('raw', 'tier_file') }}
where section = 'peak'
