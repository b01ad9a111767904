-- One row per basis: whether asynchronous speculative decoding raises tokens per second.
{{ config(meta={
    'claim_id': 'speculation',
    'statement': 'Asynchronous speculative decoding raises tokens per second.',
    'said_by': 'press, spring 2026',
    'said_on': none,
    'population': 'one engine with and without a drafter beside it; here ours, on two cores',
    'unit': 'times without',
    'source_url': none,
    'article': 'inference',
    'holds_if': 'More tokens a second came with a drafter than without.',
}) }}
-- Our own measurements, with drafts of three guesses and with drafts by confidence. The tier's hours
-- do not distinguish kinds of speculation, so its basis covers any.
{% set evidence %}
    with speeds as (
        select
            coalesce(drafted.drafts, 0) > 0 as is_drafted,
            efficiency.target,
            efficiency.model_name,
            -- Over the time in which requests ran, or an idle hour would look slow.
            median(efficiency.tokens_per_second / efficiency.busy_share) as tokens_per_busy_second,
            count(*) as hours,
            max(efficiency.hour_at) as last_hour_at
        from {{ ref('local_efficiency_hourly') }} as efficiency
        left join {{ ref('speculation_hourly') }} as drafted
            on
                efficiency.hour_at = drafted.hour_at
                and efficiency.target = drafted.target
                and efficiency.model_name = drafted.model_name
        where
            efficiency.busy_share > 0
            and efficiency.tokens_per_second > 0
        group by all
    )

    select
        'benchmark_' || setting || if(figure = 'ratio by confidence', '_by_confidence', '') as basis,
        value as ratio,
        measured_on::timestamptz as as_of,
        command || ', ' || measured_on || ', ' || hardware as origin,
        command,
        hardware as machine,
        coalesce(commit_sha, 'not known: ' || commit_reason) as commit
    from {{ ref('own_measurements') }}
    where
        benchmark in ('speculation', 'speculation_beside_other_work')
        and variant = 'async-draft'
        and figure in ('ratio', 'ratio, 3 guesses', 'ratio by confidence')
    union all
    select
        'tier' as basis,
        median(drafted.tokens_per_busy_second / alone.tokens_per_busy_second) as ratio,
        max(drafted.last_hour_at) as as_of,
        coalesce(sum(drafted.hours), 0) || ' hours with drafts, ' || coalesce(sum(alone.hours), 0) || ' without, of the same target' as origin,
        null as command,
        null as machine,
        null as commit
    from speeds as drafted
    inner join speeds as alone
        on
            drafted.target = alone.target
            and drafted.model_name = alone.model_name
            and drafted.is_drafted
            and not alone.is_drafted
    order by basis
{% endset %}
with found as (
    {{ evidence }}
)

select
    basis,
    1.0::double as expected,
    ratio::double as measured,
    format('{:.2f} times as many tokens a second', ratio) as measured_text,
    case
        when ratio is null then 'unverifiable'
        when ratio > 1 then 'supported'
        else 'contradicted'
    end as verdict,
    case
        when ratio is null
            then
                'No model of our tier has hours with drafts and hours without. '
                || '`tokentide serve --speculation async-draft`, some hours with it and some '
                || 'without, `tokentide collect` and `tokentide ingest telemetry` measure it; '
                || '`python benchmarks/speculation.py` does at once.'
        when basis = 'tier'
            then
                'Hours of the same target with drafts of any form over those without, in the '
                || 'middle; loads may differ. '
                || origin
                || '.'
        else 'Measured by us, over the same engine without speculation: ' || origin || '.'
    end as reason,
    as_of,
    {{ evidence_text(evidence) }} as evidence_sql
from found
