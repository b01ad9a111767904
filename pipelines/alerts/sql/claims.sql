-- One row per claim and basis that can be judged: its verdict now.
select
    claim_id || ' ' || basis as subject,
    verdict,
    statement
from claims
where
    verdict not in ('unverifiable', 'not_judged')
    and basis = $basis
    and ($claim is null or claim_id = $claim)
order by subject
