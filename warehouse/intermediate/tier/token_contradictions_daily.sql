-- One row per UTC day, target, model and kind of tokens whose samples contradict each other.
with contradictions as (
    select
        {{ utc_date('minute_at') }} as date,
        target,
        model_name,
        metric,
        min(unknown_reason) as reason
    from {{ ref('stg_telemetry__counters') }}
    where
        unknown_reason is not null
        and metric in ('prompt_tokens', 'cached_prompt_tokens', 'generation_tokens')
    group by all
    union
    select distinct
        figures.date,
        figures.target,
        figures.model_name,
        figures.metric,
        scrapes.contradiction as reason
    from {{ ref('stg_telemetry__scrapes') }} as scrapes
    inner join {{ ref('token_figures_daily') }} as figures
        on
            scrapes.target = figures.target
            and {{ utc_date('scrapes.scraped_at') }} = figures.date
            and figures.source = 'counters'
    where scrapes.contradiction is not null
)

select
    contradictions.date,
    contradictions.target,
    contradictions.model_name,
    contradictions.metric,
    any_value(figures.tokens) as tokens,
    string_agg(distinct contradictions.reason, '; ' order by contradictions.reason) as reason
from contradictions
left join {{ ref('token_figures_daily') }} as figures
    on
        contradictions.date = figures.date
        and contradictions.target = figures.target
        and contradictions.model_name = figures.model_name
        and contradictions.metric = figures.metric
        and figures.source = 'counters'
group by all
order by
    contradictions.date, contradictions.target, contradictions.model_name, contradictions.metric
