-- One row per statement that contradicts our tables.
select
    seed,
    subject,
    field,
    current_value,
    current_evidence,
    proposed_value,
    source,
    evidence,
    citation,
    licence,
    tokens
from attribution_proposals
where kind = 'disagreement'
order by tokens desc, subject, source
