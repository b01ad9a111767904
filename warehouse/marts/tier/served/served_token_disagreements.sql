-- One row per UTC day, target, model, kind of tokens and pair of sources that disagree.
--
-- Nothing is corrected: the counters stay as they are. `explained_by` names a cause seen on that
-- day that works in this direction; null means that there was none. Sources are compared on the
-- days for which both have figures. Counters whose own samples contradict each other have a row
-- with `source_b` "own samples": what is left out is unknown, so there is no second figure.
with spans as (
    select
        target,
        model_name,
        metric,
        source,
        min(date) as first_date,
        max(date) as last_date
    from {{ ref('token_figures_daily') }}
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
        figures.date = any_value(pairs.newest_date) as is_newest_date,
        bool_or(figures.has_preemptions) as has_preemptions,
        bool_or(figures.has_resets) as has_resets,
        bool_or(figures.is_across_midnight) as is_across_midnight
    from pairs
    inner join {{ ref('token_figures_daily') }} as figures
        on
            pairs.target = figures.target
            and pairs.model_name = figures.model_name
            and pairs.metric = figures.metric
            and figures.source in ('counters', pairs.source_b)
            and figures.date between pairs.first_date and pairs.last_date
    group by figures.date, pairs.target, pairs.model_name, pairs.metric, pairs.source_b
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
            and compared.has_preemptions
            and coalesce(targets.engine, 'vllm') = 'vllm'
            then 'the server counts the prompt of a preempted request again'
        when compared.tokens_a < compared.tokens_b and compared.has_resets
            then
                'the server started again, and what its counters grew by after the last '
                || 'scrape is lost'
        when compared.is_across_midnight then 'requests ran across midnight'
        when compared.is_first_date and compared.tokens_a < compared.tokens_b
            then 'scraping began during the day'
    end as explained_by,
    coalesce(targets.service, compared.target) as service
from compared
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
    round(contradictions.tokens)::bigint as tokens_a,
    null as tokens_b,
    null as difference,
    contradictions.reason as explained_by,
    coalesce(targets.service, contradictions.target) as service
from {{ ref('token_contradictions_daily') }} as contradictions
left join {{ ref('stg_telemetry__targets') }} as targets
    using (target)
order by date, target, model_name, metric, source_b
