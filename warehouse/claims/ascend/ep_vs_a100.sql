-- One row: whether the gains of overlapped expert parallelism are gains over an NVIDIA A100.
{{ config(meta={
    'claim_id': 'ep-vs-a100',
    'statement': 'DeepSeek V4\'s expert parallelism is 1.5 to 1.73 times, up to 1.96 times, as '
        ~ 'fast as NVIDIA A100.',
    'said_by': 'press, spring 2026',
    'said_on': none,
    'population': 'DeepSeek V4\'s expert parallelism on NVIDIA GPUs and Ascend NPUs',
    'unit': 'times the baseline',
    'source_url': 'https://huggingface.co/deepseek-ai/DeepSeek-V4-Pro',
    'article': 'ascend',
    'holds_if': 'The report compared with an NVIDIA A100.',
}) }}
-- Rests on a document, not on data: section 3.1 of DeepSeek's V4 report.
{% set evidence %}
    select
        'DeepSeek V4 report, section 3.1' as document,
        'strong non-fused kernels on the same hardware' as baseline,
        'NVIDIA GPUs and Ascend NPUs, each against itself' as hardware,
        1.5 as gain_low,
        1.73 as gain_high,
        1.96 as gain_where_latency_counts
{% endset %}
with found as (
    {{ evidence }}
)

select
    'report' as basis,
    found.gain_high::double as expected,
    found.gain_high::double as measured,
    format(
        '{} to {}, up to {}, over {}',
        found.gain_low,
        found.gain_high,
        found.gain_where_latency_counts,
        found.baseline
    ) as measured_text,
    'wrong_baseline' as verdict,
    found.document
    || ' compares with '
    || found.baseline
    || ' ('
    || found.hardware
    || '), not one vendor with another.' as reason,
    '2026-04-24 00:00:00+00'::timestamptz as as_of,
    {{ evidence_text(evidence) }} as evidence_sql
from found
