-- One row per half hour (UTC), model, host and tag: the medians of the host's samples.
--
-- Plain listings only: a :free one queues separately.
select
    window_at,
    {{ floor_to_hour('window_at') }} as hour_at,
    model_permaslug,
    provider_name,
    tag,
    median(ttft_ms_p50) filter (where ttft_ms_p50 > 0 and not is_unit_suspect) as ttft,
    median(throughput_tps_p50) filter (where throughput_tps_p50 > 0) as throughput,
    mode(quantization order by quantization) as quantization
from {{ ref('stg_openrouter__endpoints') }}
where model_id is null or model_id not like '%:free'
group by all
