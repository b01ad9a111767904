-- One row per instant, model, provider and tag: a host's prices, and its speed over 30 minutes.
--
-- The same bytes at two instants are two samples. A hash counts only within its own source.
with samples as (
    select
        endpoints.*,
        answers.captured_at,
        answers.is_simulated
    from {{ source('raw', 'endpoints') }} as endpoints
    inner join {{ ref('stg_openrouter__answers') }} as answers
        on
            endpoints.sha256 = answers.sha256
            and answers.source = 'endpoints'
    qualify
        row_number() over (
            partition by
                answers.captured_at,
                endpoints.asked_model,
                endpoints.provider_name,
                endpoints.tag
            order by
                endpoints.sha256,
                endpoints.status desc,
                endpoints.endpoint_name,
                -- Any other row of the same name: always the same one.
                hash(endpoints) -- noqa: RF02
        ) = 1
)

select
    captured_at,
    -- Speeds cover the 30 minutes before; their middle decides the half hour.
    time_bucket(interval 30 minutes, captured_at - interval 15 minutes) as window_at,
    is_simulated,
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
    -- The published description says milliseconds but shows an example in seconds; a median below
    -- 20 ms is not plausible.
    coalesce(ttft_ms_p50 < 20, false) as is_unit_suspect,
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
from samples
