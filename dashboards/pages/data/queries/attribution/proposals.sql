-- One row per statement of a list that our tables lack or contradict.
select
    subject,
    kind,
    field,
    current_value as ours,
    proposed_value as theirs,
    source,
    evidence,
    current_evidence as our_evidence,
    tokens,
    licence
from attribution_proposals
order by kind desc, tokens desc, subject, source
limit 500
