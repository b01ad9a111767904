-- One row per UTC day, target and model: its minutes of that day, and since when it has each count.
--
-- What a day's minutes must know of other days. It is made from all days, and only those of which
-- it says something else are made again: those of a gap that ended, all of a target that shows a
-- count for the first time, those of a model that the market calls otherwise.
{% set metrics = ['prompt_tokens', 'generation_tokens', 'cached_prompt_tokens', 'preemptions'] %}
{% set reasons = ['stop', 'length', 'abort', 'error', 'unknown'] %}
with counted as (
    select
        target,
        model_name,
        min(first_minute_at) as first_minute_at,
        max(last_minute_at) as last_minute_at,
        {% for metric in metrics %}
            min(first_minute_at) filter (where metric = '{{ metric }}') as {{ metric }}_from,
        {% endfor %}
        min(first_minute_at) filter (where metric = 'requests_finished') as requests_from,
        {% for reason in reasons %}
            coalesce(bool_or(reason = '{{ reason }}'), false) as has_requests_{{ reason }}
            {%- if not loop.last %},{% endif %}
        {% endfor %}
    from {{ ref('served_series_daily') }}
    group by all
),

watched as (
    select
        target,
        min(first_minute_at) as first_minute_at,
        max(last_minute_at) as last_minute_at
    from (
        select
            target,
            first_minute_at,
            last_minute_at
        from {{ ref('watched_daily') }}
        union all
        select
            target,
            first_minute_at,
            last_minute_at
        from counted
    ) as minutes
    group by target
),

-- A model that came later or left earlier than others of its target has no rows before or after.
models as (
    select
        watched.target,
        coalesce(counted.model_name, 'unknown') as model_name,
        watched.first_minute_at as first_watched_at,
        min(counted.first_minute_at) over same_target as first_counted_at,
        case
            when counted.first_minute_at > min(counted.first_minute_at) over same_target
                then counted.first_minute_at
            else watched.first_minute_at
        end as first_minute_at,
        case
            when counted.last_minute_at < max(counted.last_minute_at) over same_target
                then counted.last_minute_at
            else watched.last_minute_at
        end as last_minute_at,
        counted.* exclude (target, model_name, first_minute_at, last_minute_at)
    from watched
    left join counted
        using (target)
    window same_target as (partition by watched.target)
),

days as (
    select
        *,
        unnest(
            generate_series(first_minute_at::date, last_minute_at::date, interval 1 day)
        )::date as date
    from models
)

select
    days.date,
    days.target,
    days.model_name,
    served.hugging_face_id,
    served.model_permaslug,
    days.first_watched_at,
    days.first_counted_at,
    greatest(days.first_minute_at, days.date::timestamptz) as first_minute_at,
    least(days.last_minute_at, (days.date + 1)::timestamptz - interval 1 minute) as last_minute_at,
    {% for metric in metrics + ['requests'] %}
        days.{{ metric }}_from,
    {% endfor %}
    {% for reason in reasons %}
        coalesce(days.has_requests_{{ reason }}, false) as has_requests_{{ reason }}
        {%- if not loop.last %},{% endif %}
    {% endfor %},
    coalesce(targets.service, days.target) as service
from days
left join {{ ref('served_models') }} as served
    using (target, model_name)
left join {{ ref('stg_telemetry__targets') }} as targets
    using (target)
order by days.date, days.target, days.model_name
