-- One row per basis: memory saved by weights of 8 or 4 bits over 16, and their perplexity.
{{ config(meta={
    'claim_id': 'efficiency',
    'statement': 'INT4 and INT8 cut memory by 30 % against FP16.',
    'said_by': 'press, spring 2026',
    'said_on': none,
    'population': 'weights in memory; here our shipped checkpoint in our engine, 16 bits '
        ~ 'being bfloat16',
    'unit': 'share of memory saved',
    'source_url': none,
    'article': 'inference',
    'holds_if': 'The weights took 30 % less memory than in 16 bits, or less still.',
}) }}
-- Our own measurement.
{% set evidence %}
    select
        setting as basis,
        any_value(value) filter (where figure = 'weights') as megabytes,
        -- Of float32, every parameter has four.
        4 * any_value(value) filter (where figure = 'weights')
        / any_value(any_value(value) filter (where figure = 'weights' and setting = 'float32')) over () as bytes_per_parameter,
        any_value(value) filter (where figure = 'perplexity') as perplexity,
        any_value(command) as command,
        any_value(measured_on) as measured_on,
        any_value(hardware) as machine,
        any_value(coalesce(commit_sha, 'not known: ' || commit_reason)) as commit
    from {{ ref('own_measurements') }}
    where
        benchmark = 'quantisation'
        and figure in ('weights', 'perplexity')
    group by setting
    order by megabytes desc
{% endset %}
with found as (
    {{ evidence }}
)

select
    found.basis,
    0.3::double as expected,
    (1 - found.megabytes / sixteen.megabytes)::double as measured,
    format(
        '{:.0f} % less: {:.2f} bytes a parameter after {:.2f}; perplexity {:.2f} after {:.2f}',
        100 * (1 - found.megabytes / sixteen.megabytes),
        found.bytes_per_parameter,
        sixteen.bytes_per_parameter,
        found.perplexity, sixteen.perplexity
    ) as measured_text,
    case
        when 1 - found.megabytes / sixteen.megabytes >= 0.3 then 'supported' else 'contradicted'
    end as verdict,
    'At least 30 %, as measured by us (`'
    || found.command
    || '`, '
    || found.measured_on
    || '), of the weights alone: caches and activations '
    || 'stay as they are, scales and what is not quantised count.' as reason,
    found.measured_on::timestamptz as as_of,
    {{ evidence_text(evidence) }} as evidence_sql
from found
inner join found as sixteen
    on sixteen.basis = 'bfloat16'
where found.basis in ('w8a8', 'w8a16', 'w4a16')
