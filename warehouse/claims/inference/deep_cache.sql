-- One row per basis: whether a deep cache speeds up long contexts, by benchmark, tier and document.
{{ config(meta={
    'claim_id': 'deep-cache',
    'statement': 'A deep cache speeds up long contexts.',
    'said_by': 'press, spring 2026',
    'said_on': none,
    'population': 'one model with and without what it has computed before; in benchmarks two '
        ~ 'layers of our shipped model on a CPU; by document DeepSeek V4-Pro beside V3.2',
    'unit': 'times without',
    'source_url': none,
    'article': 'inference',
    'holds_if': 'A first token came sooner with three quarters of a prompt cached than without a '
        ~ 'cache; of the tier, in hours with most prompt tokens cached than in hours with few.',
}) }}
-- Our own measurements of prompts of which three quarters are shared, by length and by where those
-- were kept.
-- Our tier: the hourly median time to first token, with at least a half and with at most a tenth of
-- the prompt tokens found on the device, in host memory or on disk. An hour of which only the device's
-- hits are known is neither. Lengths of prompts may differ between such hours.
{% set evidence %}
    with hours as (
        select
            cache.target,
            cache.model_name,
            case when cache.total_hit_share >= 0.5 then 'cached' when cache.total_hit_share <= 0.1 then 'not cached' end as state,
            latency.p50_seconds,
            cache.hour_at
        from {{ ref('prefix_cache_hourly') }} as cache
        inner join {{ ref('served_latency_hourly') }} as latency
            on
                cache.hour_at = latency.hour_at
                and cache.target = latency.target
                and cache.model_name = latency.model_name
                and latency.metric = 'ttft'
        where latency.p50_seconds > 0
    ),

    by_state as (
        select
            target,
            model_name,
            median(p50_seconds) filter (where state = 'cached') as cached_seconds,
            median(p50_seconds) filter (where state = 'not cached') as other_seconds,
            count(*) filter (where state is not null) as hours,
            max(hour_at) as last_hour_at
        from hours
        group by target, model_name
    )

    select
        'benchmark_'
        || split_part(setting, ' ', 1)::bigint // 1024
        || 'k_tokens_from_'
        || variant as basis,
        value as ratio,
        measured_on::timestamptz as as_of,
        'two layers of our shipped model on a CPU, three quarters of the prompt shared: '
        || command
        || ', '
        || measured_on as origin,
        command,
        hardware as machine,
        coalesce(commit_sha, 'not known: ' || commit_reason) as commit
    from {{ ref('own_measurements') }}
    where
        benchmark = 'deep_cache'
        and figure = 'times as soon'
        and setting in ('1024 tokens, 75 % shared', '8192 tokens, 75 % shared', '32768 tokens, 75 % shared')
    union all
    select
        'tier' as basis,
        median(other_seconds / cached_seconds) as ratio,
        max(last_hour_at) as as_of,
        coalesce(sum(hours), 0) || ' hours of the same targets with and without hits; prompts may differ in length' as origin,
        null as command,
        null as machine,
        null as commit
    from by_state
    order by basis
{% endset %}
{% set documents %}
    {{ claim_documents_of('deep-cache') }}
{% endset %}
with found as (
    {{ evidence }}
)

select
    basis,
    1.0::double as expected,
    ratio::double as measured,
    format('first token {:.2f} times as soon with the cache', ratio) as measured_text,
    case
        when ratio is null then 'unverifiable'
        when ratio > 1 then 'supported'
        else 'contradicted'
    end as verdict,
    case
        when ratio is null
            then
                'No model of our tier has hours with at least half of the prompt tokens cached and '
                || 'hours with at most a tenth. `tokentide serve`, prompts that begin alike, '
                || '`tokentide collect` and `tokentide ingest telemetry` measure it; '
                || '`python benchmarks/deep_cache.py` does at once.'
        when basis = 'tier' then origin || '.'
        else
            'Measured by us, over the same prompt without a cache: '
            || origin
            || '. One request at a time; long prompts are beyond what the model was trained for, '
            || 'which changes its words, not its work.'
    end as reason,
    'measured' as layer,
    as_of,
    {{ evidence_text(evidence) }} as evidence_sql
from found
union all by name
({{ document_verdicts(1, documents) }})
