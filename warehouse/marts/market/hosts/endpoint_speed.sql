-- One row per instant, model, provider and tag: a host's speed and availability over 30 minutes.
select
    answers.captured_at,
    endpoints.model_permaslug,
    endpoints.model_id,
    endpoints.provider_name,
    endpoints.tag,
    endpoints.provider_slug,
    endpoints.quantization,
    endpoints.context_tokens,
    endpoints.ttft_ms_p50,
    endpoints.ttft_ms_p75,
    endpoints.ttft_ms_p90,
    endpoints.ttft_ms_p99,
    endpoints.throughput_tps_p50,
    endpoints.throughput_tps_p75,
    endpoints.throughput_tps_p90,
    endpoints.throughput_tps_p99,
    endpoints.uptime_5m,
    endpoints.uptime_30m,
    endpoints.uptime_1d,
    endpoints.status,
    endpoints.prompt_usd_per_mtok,
    endpoints.completion_usd_per_mtok,
    endpoints.cached_usd_per_mtok,
    endpoints.discount,
    endpoints.undiscounted_prompt_usd_per_mtok,
    endpoints.undiscounted_completion_usd_per_mtok,
    endpoints.undiscounted_reason,
    -- The published description says milliseconds but shows an example in seconds; a median below
    -- 20 ms is not plausible.
    coalesce(endpoints.ttft_ms_p50 < 20, false) as is_unit_suspect,
    case when answers.is_simulated then 'simulated' else 'data_api' end as origin,
    endpoints.answer_sha256
from {{ ref('stg_openrouter__endpoints') }} as endpoints
inner join {{ ref('stg_openrouter__answers') }} as answers
    on
        endpoints.answer_sha256 = answers.sha256
        and answers.source = 'endpoints'
qualify
    row_number() over (
        partition by
            answers.captured_at, endpoints.model_permaslug, endpoints.provider_name, endpoints.tag
        order by endpoints.answer_sha256
    ) = 1
order by answers.captured_at, endpoints.model_permaslug, endpoints.provider_name
