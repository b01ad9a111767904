-- One row per basis: whether Chinese open-weight models are downloaded more often than US ones.
{{ config(meta={
    'claim_id': 'downloads',
    'statement': 'Chinese open-weight models passed US ones in downloads; Qwen passed Llama.',
    'said_by': 'press, after the ATOM Report and Bloomberg',
    'said_on': '2026-04-08',
    'population': 'downloads from Hugging Face of open-weight language models, by country '
        ~ 'of the lab',
    'unit': 'downloads',
    'source_url': 'https://arxiv.org/abs/2604.07190',
}) }}
-- The evidence shows counts that others published. None of them is our own, so none makes a
-- verdict.
{% set evidence %}
    select *
    from (
        values
        ('countries', 'Chinese over US downloads, from summer 2025 on', 'The ATOM Report, arXiv 2604.07190, 2026-04-08'),
        ('qwen_and_llama', '385.3 million Qwen, 346.2 million Llama', 'Bloomberg, as AI Pressa quotes it')
    ) as stated (basis, stated, document)
{% endset %}
with found as (
    {{ evidence }}
)

select
    basis,
    null::double as expected,
    null::double as measured,
    'not measured; stated by others: ' || stated || ' (' || document || ')' as measured_text,
    'unverifiable' as verdict,
    'Download counts by lab and day are missing: no source of ours has them. A download is '
    || 'not a served token, so the rankings cannot stand in '
    || 'for them.' as reason,
    {{ evidence_text(evidence) }} as evidence_sql
from found
