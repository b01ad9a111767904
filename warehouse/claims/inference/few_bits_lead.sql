-- One row per basis: whether Chinese models are served in INT4 or INT8, which is to be why they lead.
{{ config(meta={
    'claim_id': 'few-bits-lead',
    'statement': 'INT4, INT8 and speculation are the reason of the lead.',
    'said_by': 'press, spring 2026',
    'said_on': none,
    'population': 'hosts of the leading models on OpenRouter, by the number format that they state',
    'unit': 'share of endpoints',
    'source_url': none,
    'article': 'inference',
    'holds_if': 'More than half of the endpoints of Chinese models stated INT4 or INT8; that it is '
        ~ 'the reason would not follow from that.',
}) }}
-- A cause cannot be read from counts. What can be is whether what is to be the cause is there at
-- all. Speculation is stated by no host.
{% set evidence %}
    with newest as (
        select *
        from {{ ref('endpoint_speed') }}
        qualify
            row_number() over (
                partition by model_permaslug, tag order by captured_at desc
            ) = 1
    ),

    attributed as (
        select distinct
            model_permaslug,
            last_value(releasing_country) over (
                partition by model_permaslug order by date
                rows between unbounded preceding and unbounded following
            ) as country
        from {{ ref('market_tokens_daily') }}
        where not is_other
    )

    select
        countries.country,
        count(newest.tag) as endpoints,
        count(*) filter (where lower(newest.quantization) in ('int4', 'int8')) as few_bits,
        count(*) filter (where coalesce(lower(newest.quantization), 'unknown') = 'unknown' and newest.tag is not null) as not_stated,
        max(newest.captured_at) as as_of
    from (values ('CN'), ('US')) as countries (country)
    left join attributed
        on countries.country = attributed.country
    left join newest
        on attributed.model_permaslug = newest.model_permaslug
    group by countries.country
    order by countries.country
{% endset %}
with found as (
    {{ evidence }}
),

sides as (
    select
        max(endpoints) filter (where country = 'CN') as endpoints,
        max(few_bits) filter (where country = 'CN') as few_bits,
        max(not_stated) filter (where country = 'CN') as not_stated,
        max(as_of) as as_of
    from found
)

select
    'endpoints' as basis,
    0.5::double as expected,
    case when endpoints > 0 then few_bits / endpoints end::double as measured,
    case
        when endpoints > 0
            then
                format(
                    '{} of {} endpoints of Chinese models state INT4 or INT8, {} state nothing',
                    few_bits, endpoints, not_stated
                )
    end as measured_text,
    case
        when coalesce(endpoints, 0) = 0 then 'unverifiable'
        -- Those that state nothing may be anything.
        when (few_bits + not_stated) / endpoints <= 0.5 then 'contradicted'
        else 'unverifiable'
    end as verdict,
    case
        when coalesce(endpoints, 0) = 0
            then
                'No endpoint of a Chinese model is loaded. `tokentide ingest market` asks for those '
                || 'of the leading models.'
        when (few_bits + not_stated) / endpoints <= 0.5
            then
                'What is to be the reason is not there: at most half of the endpoints can be of '
                || 'INT4 or INT8.'
        else
            'Few bits may be common, and a cause is not shown by that: what is missing is the '
            || 'same model served both ways at one price.'
    end as reason,
    as_of,
    {{ evidence_text(evidence) }} as evidence_sql
from sides
