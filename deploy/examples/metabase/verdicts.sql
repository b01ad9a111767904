-- A table: public statements, what holds of them, and on which basis.
select claim_id, statement, said_by, verdict, measured_text, reason
from marts.claims
where basis = 'all'
order by claim_id
