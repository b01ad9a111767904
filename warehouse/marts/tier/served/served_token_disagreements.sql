-- One row per UTC day, target, model, kind of tokens and pair of sources that disagree.
--
-- Nothing is corrected: the counters stay as they are. `explained_by` names a cause seen on that
-- day that works in this direction; null means that there was none. Sources are compared on the
-- days for which both have figures. Counters whose own samples contradict each other have a row
-- with `source_b` "own samples": what is left out is unknown, so there is no second figure.
with hours as (
    select
        hour_at,
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

figures as (
    select
        hour_at::date as date,
        target,
        model_name,
        metric,
        'counters' as source,
        sum(tokens) as tokens
    from hours
    where metric <> 'prompt_tokens_by_source'
    group by all
    union all
    -- Prompt tokens are the computed ones and the cached ones. A server that reports only one of
    -- the two has no row here.
    select
        hour_at::date as date,
        target,
        model_name,
        'prompt_tokens' as metric,
        'computed and cached' as source,
        sum(tokens) as tokens
    from hours
    where
        metric = 'cached_prompt_tokens'
        or (metric = 'prompt_tokens_by_source' and prompt_source = 'local_compute')
    group by all
    having count(distinct metric) = 2
    union all
    select
        hour_at::date as date,
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
        tokens.counted_at::date as date,
        requests.target,
        requests.model_name,
        tokens.metric,
        'request events' as source,
        sum(tokens.tokens) as tokens
    from {{ ref('stg_telemetry__requests') }} as requests,
        -- Counters count the prompt with the first token; so does this.
        lateral (
            values
            ('prompt_tokens', requests.first_token_at, requests.prompt_tokens),
            ('cached_prompt_tokens', requests.first_token_at, requests.cached_tokens),
            ('generation_tokens', requests.last_token_at, requests.completion_tokens)
        ) as tokens (metric, counted_at, tokens)
    where tokens.counted_at is not null
    group by all
),

contradictions as (
    select
        minute_at::date as date,
        target,
        model_name,
        metric,
        min(unknown_reason) as reason
    from {{ ref('stg_telemetry__counters') }}
    where unknown_reason is not null
    group by all
    union
    select distinct
        figures.date,
        figures.target,
        figures.model_name,
        figures.metric,
        scrapes.contradiction as reason
    from {{ ref('stg_telemetry__scrapes') }} as scrapes
    inner join figures
        on
            scrapes.target = figures.target
            and scrapes.scraped_at::date = figures.date
            and figures.source = 'counters'
    where scrapes.contradiction is not null
),

spans as (
    select
        target,
        model_name,
        metric,
        source,
        min(date) as first_date,
        max(date) as last_date
    from figures
    group by all
),

pairs as (
    select
        counters.target,
        counters.model_name,
        counters.metric,
        others.source as source_b,
        greatest(counters.first_date, others.first_date) as first_date,
        least(counters.last_date, others.last_date) as last_date,
        greatest(counters.last_date, others.last_date) as newest_date
    from spans as counters
    inner join spans as others
        on
            counters.target = others.target
            and counters.model_name = others.model_name
            and counters.metric = others.metric
            and others.source <> 'counters'
    where counters.source = 'counters'
),

compared as (
    select
        figures.date,
        pairs.target,
        pairs.model_name,
        pairs.metric,
        pairs.source_b,
        round(coalesce(sum(figures.tokens) filter (where figures.source = 'counters'), 0))::bigint
            as tokens_a,
        round(
            coalesce(sum(figures.tokens) filter (where figures.source = pairs.source_b), 0)
        )::bigint as tokens_b,
        figures.date = any_value(pairs.first_date) as is_first_date,
        figures.date = any_value(pairs.newest_date) as is_newest_date
    from pairs
    inner join figures
        on
            pairs.target = figures.target
            and pairs.model_name = figures.model_name
            and pairs.metric = figures.metric
            and figures.source in ('counters', pairs.source_b)
            and figures.date between pairs.first_date and pairs.last_date
    group by figures.date, pairs.target, pairs.model_name, pairs.metric, pairs.source_b
),

days as (
    select
        hour_at::date as date,
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
        minute_at::date as date
    from {{ ref('stg_telemetry__gauges') }}
    where
        metric = 'requests_running'
        and max_value > 0
        and strftime(minute_at, '%H:%M') in ('00:00', '23:59')
    union
    select distinct
        target,
        unnest([arrival_at::date, last_token_at::date]) as date
    from {{ ref('stg_telemetry__requests') }}
    where arrival_at::date <> last_token_at::date
)

select
    compared.date,
    compared.target,
    compared.model_name,
    compared.metric,
    'counters' as source_a,
    compared.source_b,
    compared.tokens_a,
    compared.tokens_b,
    compared.tokens_a - compared.tokens_b as difference,
    case
        when compared.is_newest_date then 'the newest day is not over'
        when
            compared.metric = 'prompt_tokens'
            and compared.source_b <> 'computed and cached'
            and compared.tokens_a > compared.tokens_b
            and days.has_preemptions
            and coalesce(targets.engine, 'vllm') = 'vllm'
            then 'the server counts the prompt of a preempted request again'
        when compared.tokens_a < compared.tokens_b and days.has_resets
            then
                'the server started again, and what its counters grew by after the last '
                || 'scrape is lost'
        when midnights.date is not null then 'requests ran across midnight'
        when compared.is_first_date and compared.tokens_a < compared.tokens_b
            then 'scraping began during the day'
    end as explained_by
from compared
left join days
    using (date, target, model_name)
left join midnights
    using (date, target)
left join {{ ref('stg_telemetry__targets') }} as targets
    using (target)
where compared.tokens_a <> compared.tokens_b
union all
select
    contradictions.date,
    contradictions.target,
    contradictions.model_name,
    contradictions.metric,
    'counters' as source_a,
    'own samples' as source_b,
    round(any_value(figures.tokens))::bigint as tokens_a,
    null as tokens_b,
    null as difference,
    string_agg(distinct contradictions.reason, '; ' order by contradictions.reason) as explained_by
from contradictions
left join figures
    on
        contradictions.date = figures.date
        and contradictions.target = figures.target
        and contradictions.model_name = figures.model_name
        and contradictions.metric = figures.metric
        and figures.source = 'counters'
where
    contradictions.metric in ('prompt_tokens', 'cached_prompt_tokens', 'generation_tokens')
group by all
order by date, target, model_name, metric, source_b
