-- Hosts of each open-weight model by measured speed, the newest sample of each
select model_permaslug, provider_name, quantization, throughput_tps_p50, ttft_ms_p50, completion_usd_per_mtok
from endpoint_speed
qualify row_number() over (partition by model_permaslug, provider_name, tag order by captured_at desc) = 1
order by throughput_tps_p50 desc nulls last
