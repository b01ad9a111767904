-- One row per UTC minute, target and model, from first to last scrape: growth of its counters.
--
-- A minute that no two scrapes cover is a gap and still a row: its counts are unknown, not zero.
-- Growth belongs to the minute of the later of two samples, so growth during a gap falls into the
-- minute that ends it. That minute counts tokens but does not measure speed. A count whose samples
-- contradict each other, or that the page did not show yet, is unknown too.
{% set metrics = ['prompt_tokens', 'generation_tokens', 'cached_prompt_tokens', 'preemptions'] %}
{% set reasons = ['stop', 'length', 'abort', 'error'] %}
with counts as (
    select
        target,
        model_name,
        minute_at,
        metric,
        -- Null for every other metric.
        case when metric = 'requests_finished' then coalesce(reason, 'unknown') end as reason,
        growth,
        unknown_reason,
        resets,
        -- The first minute of a target begins with its first scrape: what was counted before is of
        -- no minute.
        growth is null
        and minute_at > min(minute_at) over (partition by target) as is_first_seen
    from {{ ref('stg_telemetry__counters') }}
    where
        metric in (
            {% for metric in metrics %}'{{ metric }}', {% endfor %}
            'requests_finished'
        )
),

-- A minute in which one part of a count is unknown has no such count.
known as (
    select
        * exclude (growth),
        case
            when
                not coalesce(
                    bool_or(unknown_reason is not null or is_first_seen) over (
                        partition by target, model_name, minute_at, metric
                    ),
                    false
                )
                then coalesce(growth, 0)
        end as growth
    from counts
),

growths as (
    select
        target,
        model_name,
        minute_at,
        {% for metric in metrics %}
            round(sum(growth) filter (where metric = '{{ metric }}'))::bigint as {{ metric }},
            bool_or(growth is null) filter (where metric = '{{ metric }}') as lacks_{{ metric }},
        {% endfor %}
        {% for reason in reasons %}
            round(sum(growth) filter (where reason = '{{ reason }}'))::bigint
                as requests_{{ reason }},
        {% endfor %}
        round(
            sum(growth) filter (where reason not in ('{{ reasons | join("', '") }}'))
        )::bigint as requests_other,
        round(sum(growth) filter (where reason is not null))::bigint as requests_total,
        bool_or(growth is null) filter (where reason is not null) as lacks_requests,
        -- A server that restarts resets all its counters at once.
        max(resets)::bigint as resets,
        coalesce(
            min(unknown_reason),
            case
                when bool_or(is_first_seen)
                    then 'a counter appeared in this minute, and what it counted before is unknown'
            end
        ) as unknown_reason
    from known
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
        {% for metric in metrics %}
            case when bool_or(metric = '{{ metric }}') then 0 end as {{ metric }},
            min(minute_at) filter (where metric = '{{ metric }}') as {{ metric }}_from,
        {% endfor %}
        min(minute_at) filter (where reason is not null) as requests_from,
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
        spans.first_minute_at as first_watched_at,
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
        first_watched_at,
        unnest(generate_series(first_minute_at, last_minute_at, interval 1 minute)) as minute_at
    from models
),

ends_of_gaps as (
    select distinct
        target,
        minute_at
    from {{ ref('stg_telemetry__scrapes') }}
    where is_end_of_gap
),

-- A count is known from the minute after its first sample; where it was there from the first scrape
-- of the target, from then on.
covered as (
    select
        minutes.target,
        minutes.model_name,
        minutes.minute_at,
        {% for metric in metrics %}
            case
                when
                    zeros.{{ metric }}_from < minutes.minute_at
                    or zeros.{{ metric }}_from <= minutes.first_watched_at
                    then zeros.{{ metric }}
            end as {{ metric }},
        {% endfor %}
        {% for count in ['total', 'of_any_reason'] + reasons %}
            case
                when
                    zeros.requests_from < minutes.minute_at
                    or zeros.requests_from <= minutes.first_watched_at
                    then zeros.requests_{{ count }}
            end as requests_{{ count }},
        {% endfor %}
        case
            {% for metric in metrics + ['requests'] %}
                when
                    zeros.{{ metric }}_from > minutes.minute_at
                    and zeros.{{ metric }}_from > minutes.first_watched_at
                    then 'a counter appeared later, and what it counted until then is unknown'
            {% endfor %}
        end as unknown_reason
    from minutes
    inner join zeros
        using (target, model_name)
    inner join {{ ref('stg_telemetry__coverage') }} as coverage
        using (target, minute_at)
    where coverage.covered_seconds > 0
)

select
    minutes.minute_at,
    minutes.target,
    minutes.model_name,
    served.hugging_face_id,
    served.model_permaslug,
    {% for metric in metrics[:3] %}
        case
            when not coalesce(growths.lacks_{{ metric }}, false)
                then coalesce(growths.{{ metric }}, covered.{{ metric }})
        end as {{ metric }},
    {% endfor %}
    {% for reason in reasons %}
        case
            when not coalesce(growths.lacks_requests, false)
                then
                    coalesce(
                        growths.requests_{{ reason }},
                        covered.requests_{{ reason }},
                        covered.requests_of_any_reason
                    )
        end as requests_{{ reason }},
    {% endfor %}
    -- Where any request is counted, so are those of other reasons, even in a gap.
    case
        when not coalesce(growths.lacks_requests, false)
            then
                coalesce(
                    growths.requests_other, covered.requests_total, 0 * growths.requests_total
                )
    end as requests_other,
    case
        when not coalesce(growths.lacks_requests, false)
            then coalesce(growths.requests_total, covered.requests_total)
    end as requests_total,
    case
        when not coalesce(growths.lacks_preemptions, false)
            then coalesce(growths.preemptions, covered.preemptions)
    end as preemptions,
    coalesce(growths.resets, 0) as resets,
    coalesce(coverage.covered_seconds, 0) as covered_seconds,
    coalesce(coverage.covered_seconds, 0) <= 0 as is_gap,
    ends_of_gaps.target is not null as is_end_of_gap,
    coalesce(growths.unknown_reason, covered.unknown_reason) as unknown_reason,
    case
        when coalesce(coverage.covered_seconds, 0) <= 0 then 'no two scrapes cover this minute'
        else
            coalesce(
                growths.unknown_reason,
                covered.unknown_reason,
                'the server has no such counter'
            )
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
left join covered
    using (target, model_name, minute_at)
order by minutes.minute_at, minutes.target, minutes.model_name
