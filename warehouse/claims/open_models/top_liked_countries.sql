-- One row per document: whether the most-liked models are mostly of other countries than the US.
{{ config(meta={
    'claim_id': 'top-liked-countries',
    'statement': 'The most-liked models are no longer mostly from the US.',
    'said_by': 'press, after Hugging Face, spring 2026',
    'said_on': none,
    'population': 'models on Hugging Face, by likes',
    'unit': 'US share of the most-liked',
    'source_url': none,
    'article': 'open_models',
    'holds_if': 'Less than half of the most-liked models were of US labs, by a '
        ~ 'stated number of models.',
}) }}
-- The list has the models of the newest capture, most downloaded first; a model that is liked and not
-- downloaded may be missing in it.
{% set evidence %}
    with ranked as (
        select
            releasing_country,
            counted_on,
            row_number() over (order by likes desc, model_id) as place
        from {{ ref('hub_models') }}
        where likes is not null
    )

    select
        count(*) as counted,
        max(counted_on) as counted_on,
        -- Fewer than ten models are no list of the most-liked ones.
        case when count(*) >= 10 then count(*) filter (where place <= 10 and releasing_country = 'US') / 10.0 end as us_share,
        count(*) filter (where place <= 10 and coalesce(releasing_country, 'unknown') = 'unknown') / 10.0 as unknown_share
    from ranked
{% endset %}
{% set documents %}
    {{ claim_documents_of('top-liked-countries') }}
{% endset %}
with found as (
    {{ evidence }}
)

select
    'hub' as basis,
    0.5::double as expected,
    found.us_share::double as measured,
    format('{:.0f} % of the ten most-liked are of US labs, {:.0f} % of nobody known', 100 * found.us_share, 100 * found.unknown_share) as measured_text,
    case
        when found.us_share is null then 'unverifiable'
        when found.us_share + found.unknown_share < 0.5 then 'supported'
        when found.us_share < 0.5 then 'unverifiable'
        else 'contradicted'
    end as verdict,
    case
        when found.us_share is null
            then
                'Likes by model are missing. `tokentide ingest downloads` asks the Hub for them.'
        else
            'Of the ' || found.counted || ' models of the newest list with counted likes, those of '
            || 'most downloads.'
    end as reason,
    'measured' as layer,
    -- On the day of the newest list, the only one with likes by model.
    case
        when found.us_share + found.unknown_share < 0.5 then [found.counted_on || '..' || found.counted_on]
        when found.us_share is not null then []::varchar[]
    end as true_dates,
    found.counted_on::timestamptz as as_of,
    {{ evidence_text(evidence) }} as evidence_sql
from found
union all by name
({{ document_verdicts(0.5, documents, is_least=false) }})
