{#- Evidence of the layer of documents: what is noted of a claim. -#}
{% macro claim_documents_of(claim_id) -%}
    select
        document,
        title,
        publisher,
        published_date,
        is_earlier,
        source_url,
        quoted,
        figure,
        note
    from {{ ref('claim_documents') }}
    where claim_id = '{{ claim_id }}'
    order by document
{%- endmacro %}

{#- Verdicts by document on a figure that is `expected`: at least that, or that within two percent
    (`is_least` false). A document of an earlier time with a lower count leaves a count open, since
    counts grow. `evidence` has the documents. -#}
{% macro document_verdicts(expected, evidence, is_least=true) -%}
select
    document as basis,
    {{ expected }}::double as expected,
    figure as measured,
    quoted as measured_text,
    case
        when figure is null then 'unverifiable'
        when
            {% if is_least %}figure >= {{ expected }}
            {% else %}abs(figure - {{ expected }}) <= 0.02 * {{ expected }}{% endif %}
            then 'supported'
        when is_earlier then 'unverifiable'
        else 'contradicted'
    end as verdict,
    concat_ws(
        ' ',
        case
            when figure is not null
                then
                    title || ' (' || publisher || coalesce(', ' || published_date, '') || '): '
                    || quoted || '.'
        end,
        note
    ) as reason,
    'document' as layer,
    false as rests_on_market,
    published_date::timestamptz as as_of,
    {{ evidence_text(evidence) }} as evidence_sql
from ({{ evidence }}) as documents
{%- endmacro %}
