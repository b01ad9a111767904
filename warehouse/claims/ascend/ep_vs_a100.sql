-- One row per basis: whether DeepSeek V4 on Ascend is that much faster than on an NVIDIA A100.
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
    'holds_if': 'The report compared with an NVIDIA A100; or a pilot of DeepSeek V4 found an Ascend '
        ~ 'server to be 1.5 times as fast as one on A100s, by the whole interval.',
}) }}
-- The report is section 3.1 of DeepSeek's V4 report. A pilot compares two vendors on the same
-- requests; the newest one is taken. Tokens a second would follow the arrivals, so a token's time
-- counts.
{% set evidence %}
    with sided as (
        select
            *,
            lower(device_kind_b) like '%ascend%' and lower(device_kind_a) like '%a100%' as is_ascend_b,
            lower(device_kind_a) like '%ascend%' and lower(device_kind_b) like '%a100%' as is_ascend_a
        from {{ ref('pilots') }}
        where
            metric = 'tpot_ms'
            and regexp_matches(lower(model_name_a), 'deepseek.*v4')
            and regexp_matches(lower(model_name_b), 'deepseek.*v4')
    ),

    newest as (
        select
            pilot_id,
            ended_at,
            pairs,
            case when is_ascend_b then 1 / ratio else ratio end as gain,
            case when is_ascend_b then 1 / ratio_high else ratio_low end as gain_low,
            case when is_ascend_b then 1 / ratio_low else ratio_high end as gain_high
        from sided
        where
            (is_ascend_a or is_ascend_b)
            and ratio is not null
        order by ended_at desc
        limit 1
    )

    select
        'report' as basis,
        'DeepSeek V4 report, section 3.1' as origin,
        'strong non-fused kernels on the same hardware' as baseline,
        'NVIDIA GPUs and Ascend NPUs, each against itself' as hardware,
        1.73 as gain,
        1.5 as gain_low,
        1.96 as gain_high,
        '2026-04-24 00:00:00+00'::timestamptz as as_of
    union all
    select
        'pilot' as basis,
        coalesce('pilot ' || newest.pilot_id || ', ' || newest.pairs || ' pairs of requests', 'no pilot') as origin,
        'the same requests on A100s' as baseline,
        'Ascend beside A100' as hardware,
        newest.gain,
        newest.gain_low,
        newest.gain_high,
        newest.ended_at as as_of
    from (select 1 as one) as always
    left join newest
        on always.one = 1
    order by basis
{% endset %}
with found as (
    {{ evidence }}
)

select
    basis,
    case when basis = 'report' then 1.73 else 1.5 end::double as expected,
    gain::double as measured,
    case when basis = 'report' then 'document' else 'measured' end as layer,
    case
        when basis = 'report'
            then format('{:.1f} to {:.2f}, up to {:.2f}, over {}', gain_low, gain, gain_high, baseline)
        when gain is not null
            then format('{:.2f} times, {:.2f} to {:.2f}, over {}', gain, gain_low, gain_high, baseline)
    end as measured_text,
    case
        when basis = 'report' then 'wrong_baseline'
        when gain is null then 'unverifiable'
        when gain_low >= 1.5 then 'supported'
        when gain_high < 1.5 then 'contradicted'
        else 'unverifiable'
    end as verdict,
    case
        when basis = 'report'
            then
                origin
                || ' compares with '
                || baseline
                || ' ('
                || hardware
                || '), not one vendor with another.'
        when gain is null
            then
                'No pilot compared DeepSeek V4 on an Ascend device with one on an A100. '
                || '`tokentide pilot A B`, with both as targets of the tier file, measures it.'
        when gain_low < 1.5 and gain_high >= 1.5
            then 'The interval of ' || origin || ' leaves it open: a longer one would tell.'
        else
            'Time per token of whole servers on the same requests, not of expert parallelism '
            || 'alone: '
            || origin
            || '.'
    end as reason,
    as_of,
    {{ evidence_text(evidence) }} as evidence_sql
from found
