-- One row per UTC day, target, model, kind of tokens and source that counts them: its figure.
--
-- Each row also has what that day may set sources apart.
with counted as (
    select
        {{ utc_date('hour_at') }} as date,
        target,
        model_name,
        metric,
        prompt_source,
        sum(growth) as tokens
    from {{ ref('stg_telemetry__counters') }}
    where
        metric in (
            'prompt_tokens', 'cached_prompt_tokens', 'generation_tokens', 'prompt_tokens_by_source'
        )
    group by all
),

-- Counters count the prompt with the first token; so does this.
prompts as (
    select
        {{ utc_date('first_token_at') }} as date,
        target,
        model_name,
        sum(prompt_tokens) as prompt_tokens,
        sum(cached_tokens) as cached_prompt_tokens
    from {{ ref('stg_telemetry__requests') }}
    where first_token_at is not null
    group by all
),

figures as (
    select
        date,
        target,
        model_name,
        metric,
        'counters' as source,
        sum(tokens) as tokens
    from counted
    where metric <> 'prompt_tokens_by_source'
    group by all
    union all
    -- Prompt tokens are the computed ones and the cached ones. A server that reports only one of
    -- the two has no row here.
    select
        date,
        target,
        model_name,
        'prompt_tokens' as metric,
        'computed and cached' as source,
        sum(tokens) as tokens
    from counted
    where
        metric = 'cached_prompt_tokens'
        or (metric = 'prompt_tokens_by_source' and prompt_source = 'local_compute')
    group by all
    having count(distinct metric) = 2
    union all
    select
        {{ utc_date('hour_at') }} as date,
        target,
        model_name,
        replace(metric, 'request_', '') as metric,
        'request histograms' as source,
        sum(total) as tokens
    from {{ ref('stg_telemetry__histograms') }}
    where metric in ('request_prompt_tokens', 'request_generation_tokens')
    group by all
    union all
    select
        date,
        target,
        model_name,
        'prompt_tokens' as metric,
        'request events' as source,
        prompt_tokens as tokens
    from prompts
    union all
    select
        date,
        target,
        model_name,
        'cached_prompt_tokens' as metric,
        'request events' as source,
        cached_prompt_tokens as tokens
    from prompts
    union all
    select
        {{ utc_date('last_token_at') }} as date,
        target,
        model_name,
        'generation_tokens' as metric,
        'request events' as source,
        sum(completion_tokens) as tokens
    from {{ ref('stg_telemetry__requests') }}
    where last_token_at is not null
    group by all
),

days as (
    select
        {{ utc_date('hour_at') }} as date,
        target,
        model_name,
        coalesce(sum(preemptions), 0) > 0 as has_preemptions,
        sum(resets) > 0 as has_resets
    from {{ ref('served_tokens_hourly') }}
    group by all
),

-- Minutes next to midnight in which requests ran: their tokens may fall on either day.
midnights as (
    select distinct
        target,
        {{ utc_date('minute_at') }} as date
    from {{ ref('stg_telemetry__gauges') }}
    where
        metric = 'requests_running'
        and max_value > 0
        and epoch_us(minute_at) // 60000000 % 1440 in (0, 1439)
    union
    select distinct
        target,
        unnest([{{ utc_date('arrival_at') }}, {{ utc_date('last_token_at') }}]) as date
    from {{ ref('stg_telemetry__requests') }}
    where {{ utc_date('arrival_at') }} <> {{ utc_date('last_token_at') }}
)

select
    figures.date,
    figures.target,
    figures.model_name,
    figures.metric,
    figures.source,
    figures.tokens::double as tokens,
    days.has_preemptions,
    days.has_resets,
    midnights.date is not null as is_across_midnight
from figures
left join days
    using (date, target, model_name)
left join midnights
    using (date, target)
order by figures.date, figures.target, figures.model_name, figures.metric, figures.source
