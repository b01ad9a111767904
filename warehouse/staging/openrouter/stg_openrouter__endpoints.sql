-- One row per content of endpoints, provider and tag: a host's prices and speed.
select
    sha256 as answer_sha256,
    asked_model as model_permaslug,
    coalesce(model_id, data_id) as model_id,
    provider_name,
    tag,
    split_part(tag, '/', 1) as provider_slug,
    quantization,
    context_length as context_tokens,
    status::integer as status,
    -- Percent in the source, a share here.
    uptime_last_5m / 100 as uptime_5m,
    uptime_last_30m / 100 as uptime_30m,
    uptime_last_1d / 100 as uptime_1d,
    ttft_ms_p50,
    ttft_ms_p75,
    ttft_ms_p90,
    ttft_ms_p99,
    throughput_tps_p50,
    throughput_tps_p75,
    throughput_tps_p90,
    throughput_tps_p99,
    {{ usd_per_mtok('prompt_usd') }} as prompt_usd_per_mtok,
    {{ usd_per_mtok('completion_usd') }} as completion_usd_per_mtok,
    {{ usd_per_mtok('cached_usd') }} as cached_usd_per_mtok,
    {{ discount_share('discount') }} as discount,
    {{ undiscounted_usd_per_mtok('prompt_usd', 'discount') }} as undiscounted_prompt_usd_per_mtok,
    {{ undiscounted_usd_per_mtok('completion_usd', 'discount') }}
        as undiscounted_completion_usd_per_mtok,
    {{ undiscounted_reason('prompt_usd', 'completion_usd', 'discount') }} as undiscounted_reason
from {{ source('raw', 'endpoints') }}
where {{ is_known_content('sha256') }}
qualify
    row_number() over (partition by sha256, provider_name, tag order by status desc, endpoint_name)
    = 1
