-- Every published claim, one row per claim and basis; the row that sums the claim up comes first.
select *
from marts.claims
order by claim_id, basis <> 'all', basis
