-- One row per claim and document that says something of it: the layer of documents, noted by hand.
select
    claim_id,
    document,
    title,
    publisher,
    published_date,
    is_earlier,
    source_url,
    quoted,
    figure,
    note
from {{ ref('claim_documents_noted') }}
order by claim_id, document
