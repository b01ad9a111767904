-- One row per claim: its verdict now, and that of every basis in words.
select claim_id, statement, said_by, verdict, measured_text, reason, as_of
from claims
where basis = 'all'
order by claim_id
