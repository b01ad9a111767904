-- One row per claim: its id and its statement.
select claim_id, any_value(statement) as statement
from claims
group by claim_id
order by claim_id
