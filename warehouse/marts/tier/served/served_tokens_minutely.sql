-- One row per UTC minute, target and model, from the first scrape to the last: the tokens and requests that its counters grew by.
--
-- A minute that no two scrapes cover is a gap and still a row: its counts are unknown, not zero. Growth belongs to the minute of the later of
-- two samples, so what grew during a gap is in the minute that ends it; that minute counts tokens but is no measure of speed.
{% set metrics = ['prompt_tokens', 'generation_tokens', 'cached_prompt_tokens', 'preemptions'] %}
{% set reasons = ['stop', 'length', 'abort', 'error'] %}
with counters as (
    select
        target,
        model_name,
        minute_at,
        metric,
        reason,
        growth,
        resets
    from {{ ref('stg_telemetry__counters') }}
    where
        metric = 'requests_finished'
        or metric in ('{{ metrics | join("', '") }}')
),

grown as (
    select
        target,
        model_name,
        minute_at,
        {% for metric in metrics %}
            round(sum(growth) filter (where metric = '{{ metric }}'))::bigint as {{ metric }},
        {% endfor %}
        {% for reason in reasons %}
            round(
                sum(growth) filter (where metric = 'requests_finished' and reason = '{{ reason }}')
            )::bigint as requests_{{ reason }},
        {% endfor %}
        round(sum(growth) filter (
            where
            metric = 'requests_finished'
            and coalesce(reason, 'unknown') not in ('{{ reasons | join("', '") }}')
        ))::bigint as requests_other,
        round(sum(growth) filter (where metric = 'requests_finished'))::bigint as requests_total,
        -- A server that starts again resets all its counters at once.
        max(resets)::bigint as resets
    from counters
    group by all
),

-- What a server never counted is unknown, not zero; so are the reasons of one that does not tell them.
known as (
    select
        target,
        model_name,
        min(minute_at) as first_minute_at,
        max(minute_at) as last_minute_at,
        {% for metric in metrics %}
            bool_or(metric = '{{ metric }}') as has_{{ metric }},
        {% endfor %}
        {% for reason in reasons %}
            bool_or(metric = 'requests_finished' and reason = '{{ reason }}') as has_{{ reason }},
        {% endfor %}
        bool_or(metric = 'requests_finished') as has_requests,
        not bool_or(metric = 'requests_finished' and coalesce(reason, 'unknown') = 'unknown') as tells_reasons
    from counters
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
        from counters
    ) as seen
    group by target
),

-- A model that came later or left earlier than others of its target is not missed before or after.
models as (
    select
        spans.target,
        coalesce(known.model_name, 'unknown') as model_name,
        {% for metric in metrics %}
            known.has_{{ metric }},
        {% endfor %}
        {% for reason in reasons %}
            known.has_{{ reason }},
        {% endfor %}
        known.has_requests,
        known.tells_reasons,
        case
            when known.first_minute_at > min(known.first_minute_at) over (partition by spans.target) then known.first_minute_at
            else spans.first_minute_at
        end as first_minute_at,
        case
            when known.last_minute_at < max(known.last_minute_at) over (partition by spans.target) then known.last_minute_at
            else spans.last_minute_at
        end as last_minute_at
    from spans
    left join known
        using (target)
),

minutes as (
    select
        *,
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
    {% for metric in metrics[:3] %}
        coalesce(grown.{{ metric }}, case when coverage.covered_seconds > 0 and minutes.has_{{ metric }} then 0 end) as {{ metric }},
    {% endfor %}
    {% for reason in reasons %}
        coalesce(
            grown.requests_{{ reason }},
            case
                when
                    coverage.covered_seconds > 0
                    and (minutes.has_{{ reason }} or (minutes.has_requests and minutes.tells_reasons)) then 0
            end
        ) as requests_{{ reason }},
    {% endfor %}
    coalesce(
        grown.requests_other,
        case when coverage.covered_seconds > 0 and minutes.has_requests then 0 end,
        -- The other reasons are known here.
        case when grown.requests_total is not null then 0 end
    ) as requests_other,
    coalesce(grown.requests_total, case when coverage.covered_seconds > 0 and minutes.has_requests then 0 end) as requests_total,
    coalesce(grown.preemptions, case when coverage.covered_seconds > 0 and minutes.has_preemptions then 0 end) as preemptions,
    coalesce(grown.resets, 0) as resets,
    coalesce(coverage.covered_seconds, 0) as covered_seconds,
    coalesce(coverage.covered_seconds, 0) <= 0 as is_gap,
    ends_of_gaps.target is not null as is_end_of_gap
from minutes
left join grown
    using (target, model_name, minute_at)
left join {{ ref('stg_telemetry__coverage') }} as coverage
    using (target, minute_at)
left join ends_of_gaps
    using (target, minute_at)
left join {{ ref('served_models') }} as served
    using (target, model_name)
order by minutes.minute_at, minutes.target, minutes.model_name
