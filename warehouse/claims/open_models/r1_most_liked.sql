-- One row per document: whether DeepSeek-R1 is the most-liked model of Hugging Face.
{{ config(meta={
    'claim_id': 'r1-most-liked',
    'statement': 'DeepSeek-R1 is the most-liked model on Hugging Face.',
    'said_by': 'press, after Hugging Face, spring 2026',
    'said_on': none,
    'population': 'models on Hugging Face, by likes',
    'unit': 'rank by likes',
    'source_url': none,
    'article': 'open_models',
    'holds_if': 'No model had more likes than deepseek-ai/DeepSeek-R1.',
}) }}
-- The list has the models of the newest capture, most downloaded first; a model that is liked and not
-- downloaded may be missing in it.
{% set evidence %}
    with ranked as (
        select
            model_id,
            likes,
            counted_on,
            rank() over (order by likes desc) as place
        from {{ ref('hub_models') }}
        where likes is not null
    )

    select
        count(*) as counted,
        max(counted_on) as counted_on,
        min(place) filter (where model_id = 'deepseek-ai/DeepSeek-R1') as place,
        any_value(model_id) filter (where place = 1) as first_model,
        max(likes) as first_likes
    from ranked
{% endset %}
{% set documents %}
    {{ claim_documents_of('r1-most-liked') }}
{% endset %}
with found as (
    {{ evidence }}
)

select
    'hub' as basis,
    1::double as expected,
    found.place::double as measured,
    'place ' || found.place || '; first is ' || found.first_model || ' with ' || found.first_likes || ' likes' as measured_text,
    case
        when found.place is null then 'unverifiable'
        when found.place = 1 then 'supported'
        else 'contradicted'
    end as verdict,
    case
        when found.place is null and found.counted > 0
            then 'DeepSeek-R1 is missing in the newest list of the Hub.'
        when found.place is null
            then
                'Likes by model are missing. `tokentide ingest downloads` asks the Hub for them.'
        else
            'Of the ' || found.counted || ' models of the newest list with counted likes, those of '
            || 'most downloads.'
    end as reason,
    'measured' as layer,
    -- On the day of the newest list, the only one with likes by model.
    case
        when found.place = 1 then [found.counted_on || '..' || found.counted_on]
        when found.place is not null then []::varchar[]
    end as true_dates,
    found.counted_on::timestamptz as as_of,
    {{ evidence_text(evidence) }} as evidence_sql
from found
union all by name
({{ document_verdicts(1, documents, is_least=false) }})
