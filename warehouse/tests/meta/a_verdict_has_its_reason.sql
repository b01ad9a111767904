-- A verdict without a reason, or without a query that shows its figures, is an opinion.
select
    claim_id,
    basis,
    verdict
from {{ ref('claims') }}
where
    coalesce(reason, '') = ''
    or coalesce(evidence_sql, '') = ''
    or verdict is null
