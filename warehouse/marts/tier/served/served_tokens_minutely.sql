-- One row per UTC minute, target and model, from first to last scrape: growth of its counters.
--
-- A minute that no two scrapes cover is a gap and still a row: its counts are unknown, not zero.
-- Growth belongs to the minute of the later of two samples, so growth during a gap falls into the
-- minute that ends it. That minute counts tokens but does not measure speed.
with counts as (
    select
        target,
        model_name,
        minute_at,
        metric,
        -- Null for every other metric.
        case when metric = 'requests_finished' then coalesce(reason, 'unknown') end as reason,
        growth,
        resets
    from {{ ref('stg_telemetry__counters') }}
    where
        metric in (
            'prompt_tokens',
            'generation_tokens',
            'cached_prompt_tokens',
            'preemptions',
            'requests_finished'
        )
),

growths as (
    select
        target,
        model_name,
        minute_at,
        round(sum(growth) filter (where metric = 'prompt_tokens'))::bigint as prompt_tokens,
        round(sum(growth) filter (where metric = 'generation_tokens'))::bigint as generation_tokens,
        round(sum(growth) filter (where metric = 'cached_prompt_tokens'))::bigint
            as cached_prompt_tokens,
        round(sum(growth) filter (where metric = 'preemptions'))::bigint as preemptions,
        round(sum(growth) filter (where reason = 'stop'))::bigint as requests_stop,
        round(sum(growth) filter (where reason = 'length'))::bigint as requests_length,
        round(sum(growth) filter (where reason = 'abort'))::bigint as requests_abort,
        round(sum(growth) filter (where reason = 'error'))::bigint as requests_error,
        round(
            sum(growth) filter (where reason not in ('stop', 'length', 'abort', 'error'))
        )::bigint as requests_other,
        round(sum(growth) filter (where reason is not null))::bigint as requests_total,
        -- A server that restarts resets all its counters at once.
        max(resets)::bigint as resets
    from counts
    group by all
),

-- A count that a server has ever had is 0 in a covered minute without growth; any other is unknown
-- (null).
zeros as (
    select
        target,
        model_name,
        min(minute_at) as first_minute_at,
        max(minute_at) as last_minute_at,
        case when bool_or(metric = 'prompt_tokens') then 0 end as prompt_tokens,
        case when bool_or(metric = 'generation_tokens') then 0 end as generation_tokens,
        case when bool_or(metric = 'cached_prompt_tokens') then 0 end as cached_prompt_tokens,
        case when bool_or(metric = 'preemptions') then 0 end as preemptions,
        case when bool_or(reason is not null) then 0 end as requests_total,
        -- A server that states the reason of every request has had none of the reasons that it
        -- never stated.
        case when not bool_or(reason = 'unknown') then 0 end as requests_of_any_reason,
        case when bool_or(reason = 'stop') then 0 end as requests_stop,
        case when bool_or(reason = 'length') then 0 end as requests_length,
        case when bool_or(reason = 'abort') then 0 end as requests_abort,
        case when bool_or(reason = 'error') then 0 end as requests_error
    from counts
    group by all
),

spans as (
    select
        target,
        min(minute_at) as first_minute_at,
        max(minute_at) as last_minute_at
    from (
        select
            target,
            minute_at
        from {{ ref('stg_telemetry__scrapes') }}
        union all
        select
            target,
            minute_at
        from counts
    ) as watched
    group by target
),

-- A model that came later or left earlier than others of its target has no rows before or after.
models as (
    select
        spans.target,
        coalesce(zeros.model_name, 'unknown') as model_name,
        case
            when zeros.first_minute_at > min(zeros.first_minute_at) over (partition by spans.target)
                then zeros.first_minute_at
            else spans.first_minute_at
        end as first_minute_at,
        case
            when zeros.last_minute_at < max(zeros.last_minute_at) over (partition by spans.target)
                then zeros.last_minute_at
            else spans.last_minute_at
        end as last_minute_at
    from spans
    left join zeros
        using (target)
),

minutes as (
    select
        target,
        model_name,
        unnest(generate_series(first_minute_at, last_minute_at, interval 1 minute)) as minute_at
    from models
),

ends_of_gaps as (
    select distinct
        target,
        minute_at
    from {{ ref('stg_telemetry__scrapes') }}
    where is_end_of_gap
)

select
    minutes.minute_at,
    minutes.target,
    minutes.model_name,
    served.hugging_face_id,
    served.model_permaslug,
    coalesce(growths.prompt_tokens, zeros.prompt_tokens) as prompt_tokens,
    coalesce(growths.generation_tokens, zeros.generation_tokens) as generation_tokens,
    coalesce(growths.cached_prompt_tokens, zeros.cached_prompt_tokens) as cached_prompt_tokens,
    coalesce(growths.requests_stop, zeros.requests_stop, zeros.requests_of_any_reason)
        as requests_stop,
    coalesce(growths.requests_length, zeros.requests_length, zeros.requests_of_any_reason)
        as requests_length,
    coalesce(growths.requests_abort, zeros.requests_abort, zeros.requests_of_any_reason)
        as requests_abort,
    coalesce(growths.requests_error, zeros.requests_error, zeros.requests_of_any_reason)
        as requests_error,
    -- Where any request is counted, so are those of other reasons, even in a gap.
    coalesce(growths.requests_other, zeros.requests_total, 0 * growths.requests_total)
        as requests_other,
    coalesce(growths.requests_total, zeros.requests_total) as requests_total,
    coalesce(growths.preemptions, zeros.preemptions) as preemptions,
    coalesce(growths.resets, 0) as resets,
    coalesce(coverage.covered_seconds, 0) as covered_seconds,
    coalesce(coverage.covered_seconds, 0) <= 0 as is_gap,
    ends_of_gaps.target is not null as is_end_of_gap,
    case
        when coalesce(coverage.covered_seconds, 0) <= 0 then 'no two scrapes cover this minute'
        else 'the server has no such counter'
    end as null_reason
from minutes
left join growths
    using (target, model_name, minute_at)
left join {{ ref('stg_telemetry__coverage') }} as coverage
    using (target, minute_at)
left join ends_of_gaps
    using (target, minute_at)
left join {{ ref('served_models') }} as served
    using (target, model_name)
left join zeros
    on
        minutes.target = zeros.target
        and minutes.model_name = zeros.model_name
        and coverage.covered_seconds > 0
order by minutes.minute_at, minutes.target, minutes.model_name
