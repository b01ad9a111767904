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
        resets
    from {{ ref('stg_telemetry__counters') }}
    where
        metric in (
            {% for metric in metrics %}'{{ metric }}', {% endfor %}
            'requests_finished'
        )
),

growths as (
    select
        target,
        model_name,
        minute_at,
        {% for metric in metrics + ['requests_finished'] %}
            round(
                sum(coalesce(growth, 0)) filter (where metric = '{{ metric }}')
            )::bigint as {{ metric }},
            bool_or(unknown_reason is not null) filter (where metric = '{{ metric }}')
                as contradicts_{{ metric }},
            bool_or(growth is null) filter (where metric = '{{ metric }}') as starts_{{ metric }},
        {% endfor %}
        {% for reason in reasons %}
            round(
                sum(coalesce(growth, 0)) filter (where reason = '{{ reason }}')
            )::bigint as requests_{{ reason }},
        {% endfor %}
        round(
            sum(coalesce(growth, 0)) filter (where reason not in ('{{ reasons | join("', '") }}'))
        )::bigint as requests_other,
        -- A server that restarts resets all its counters at once.
        max(resets)::bigint as resets,
        min(unknown_reason) as unknown_reason,
        bool_or(growth is null) as starts_any
    from counts
    group by all
),

minutes as (
    select
        *,
        unnest(generate_series(first_minute_at, last_minute_at, interval 1 minute)) as minute_at
    from {{ ref('served_spans_daily') }}
),

ends_of_gaps as (
    select distinct
        target,
        minute_at
    from {{ ref('stg_telemetry__scrapes') }}
    where is_end_of_gap
),

-- A minute in which one part of a count is unknown has no such count. The first minute of a target
-- begins with its first scrape: what was counted before is of no minute.
known as (
    select
        minutes.minute_at,
        minutes.target,
        minutes.model_name,
        minutes.hugging_face_id,
        minutes.model_permaslug,
        minutes.service,
        {% for metric in metrics %}
            growths.{{ metric }},
        {% endfor %}
        {% for metric in metrics + ['requests_finished'] %}
            coalesce(
                growths.contradicts_{{ metric }}
                or (
                    growths.starts_{{ metric }} and minutes.minute_at > minutes.first_counted_at
                ),
                false
            ) as lacks_{{ metric }},
        {% endfor %}
        {% for reason in reasons + ['other'] %}
            growths.requests_{{ reason }},
        {% endfor %}
        growths.requests_finished,
        coalesce(growths.resets, 0) as resets,
        coalesce(coverage.covered_seconds, 0) as covered_seconds,
        coalesce(coverage.covered_seconds, 0) > 0 as is_covered,
        ends_of_gaps.target is not null as is_end_of_gap,
        coalesce(
            growths.unknown_reason,
            case
                when growths.starts_any and minutes.minute_at > minutes.first_counted_at
                    then 'a counter appeared in this minute, and what it counted before is unknown'
            end
        ) as unknown_growth,
        -- A count is known from the minute after its first sample; where it was there from the
        -- first scrape of the target, from then on.
        {% for metric in metrics + ['requests'] %}
            minutes.{{ metric }}_from < minutes.minute_at
            or minutes.{{ metric }}_from <= minutes.first_watched_at as counts_{{ metric }},
        {% endfor %}
        {% for reason in reasons %}
            minutes.has_requests_{{ reason }}
            -- A server that states the reason of every request has had none of the reasons that
            -- it never stated.
            or not minutes.has_requests_unknown as knows_{{ reason }},
        {% endfor %}
        case
            {% for metric in metrics + ['requests'] %}
                when
                    minutes.{{ metric }}_from > minutes.minute_at
                    and minutes.{{ metric }}_from > minutes.first_watched_at
                    then 'a counter appeared later, and what it counted until then is unknown'
            {% endfor %}
        end as unknown_start
    from minutes
    left join growths
        using (target, model_name, minute_at)
    left join {{ ref('stg_telemetry__coverage') }} as coverage
        using (target, minute_at)
    left join ends_of_gaps
        using (target, minute_at)
),

-- A count that a server has ever had is 0 in a covered minute without growth; any other is unknown
-- (null).
counted as (
    select
        * replace (
            {% for metric in metrics %}
                case
                    when not lacks_{{ metric }}
                        then
                            coalesce(
                                {{ metric }},
                                case when is_covered and counts_{{ metric }} then 0 end
                            )
                end as {{ metric }},
            {% endfor %}
            {% for reason in reasons %}
                case
                    when not lacks_requests_finished
                        then
                            coalesce(
                                requests_{{ reason }},
                                case
                                    when is_covered and counts_requests and knows_{{ reason }}
                                        then 0
                                end
                            )
                end as requests_{{ reason }},
            {% endfor %}
            -- Where any request is counted, so are those of other reasons, even in a gap.
            case
                when not lacks_requests_finished
                    then
                        coalesce(
                            requests_other,
                            case when is_covered and counts_requests then 0 end,
                            0 * requests_finished
                        )
            end as requests_other,
            case
                when not lacks_requests_finished
                    then
                        coalesce(
                            requests_finished,
                            case when is_covered and counts_requests then 0 end
                        )
            end as requests_finished
        ),
        coalesce(unknown_growth, case when is_covered then unknown_start end) as unknown_reason
    from known
)

select
    minute_at,
    target,
    model_name,
    hugging_face_id,
    model_permaslug,
    {% for metric in metrics[:3] %}
        {{ metric }},
    {% endfor %}
    {% for reason in reasons + ['other'] %}
        requests_{{ reason }},
    {% endfor %}
    requests_finished as requests_total,
    preemptions,
    resets,
    covered_seconds,
    not is_covered as is_gap,
    is_end_of_gap,
    unknown_reason,
    case
        when not is_covered then 'no two scrapes cover this minute'
        else coalesce(unknown_reason, 'the server has no such counter')
    end as null_reason,
    service
from counted
order by minute_at, target, model_name
