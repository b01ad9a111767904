-- One row per UTC hour, target and model: what it served, and the covered time.
--
-- Speeds use minutes that are covered and do not end a gap, since growth during a gap took longer
-- than the covered time; nor those in which a count is unknown, which sums leave out.
-- Busy is the whole target: all its models share the devices.
with busy as (
    select distinct
        target,
        minute_at
    from (
        select
            target,
            minute_at
        from {{ ref('stg_telemetry__gauges') }}
        where
            metric = 'requests_running'
            and max_value > 0
        union all
        select
            target,
            minute_at
        from {{ ref('served_tokens_minutely') }}
        where coalesce(prompt_tokens, 0) + coalesce(generation_tokens, 0) > 0
    ) as signs
),

minutes as (
    select
        minutes.*,
        minutes.covered_seconds > 0
        and not minutes.is_end_of_gap
        and minutes.unknown_reason is null as is_timed,
        busy.target is not null as is_busy
    from {{ ref('served_tokens_minutely') }} as minutes
    left join busy
        using (target, minute_at)
),

hours as (
    select
        {{ floor_to_hour('minute_at') }} as hour_at,
        target,
        model_name,
        any_value(hugging_face_id) as hugging_face_id,
        any_value(model_permaslug) as model_permaslug,
        any_value(service) as service,
        sum(prompt_tokens)::bigint as prompt_tokens,
        sum(generation_tokens)::bigint as generation_tokens,
        sum(cached_prompt_tokens)::bigint as cached_prompt_tokens,
        sum(requests_total)::bigint as requests_total,
        sum(preemptions)::bigint as preemptions,
        sum(resets)::bigint as resets,
        sum(covered_seconds) as covered_seconds,
        count(*) filter (where is_gap) as gap_minutes,
        count(*) filter (where unknown_reason is not null) as unknown_minutes,
        min(unknown_reason) as unknown_reason,
        coalesce(sum(covered_seconds) filter (where is_timed), 0) as timed_seconds,
        coalesce(sum(covered_seconds) filter (where is_timed and is_busy), 0) as busy_seconds,
        (sum(prompt_tokens) filter (where is_timed))::bigint as timed_prompt_tokens,
        (sum(generation_tokens) filter (where is_timed))::bigint as timed_generation_tokens
    from minutes
    group by all
)

select
    * exclude (service),
    (timed_prompt_tokens + timed_generation_tokens)
    / nullif(
        sum(timed_prompt_tokens + timed_generation_tokens) over (partition by hour_at, target), 0
    ) as share_of_target,
    nullif(
        concat_ws(
            '; ',
            case
                when covered_seconds <= 0 then 'no time of this hour is covered'
                when timed_seconds <= 0 then 'all covered minutes of this hour end gaps'
            end,
            case
                when covered_seconds > 0
                    then
                        'the server has no counter of '
                        || nullif(
                            concat_ws(
                                ', ',
                                case when prompt_tokens is null then 'prompt tokens' end,
                                case when generation_tokens is null then 'generated tokens' end,
                                case when cached_prompt_tokens is null then 'cached tokens' end,
                                case when requests_total is null then 'finished requests' end,
                                case when preemptions is null then 'preemptions' end
                            ),
                            ''
                        )
            end,
            case
                when timed_prompt_tokens + timed_generation_tokens = 0 then 'no tokens to share'
            end
        ),
        ''
    ) as null_reason,
    service
from hours
order by hour_at, target, model_name
