-- One row per statement and basis: the verdict, the figure that the data give and the one that was said.
select
    claim_id,
    statement,
    said_by,
    said_on,
    population,
    basis,
    verdict,
    measured,
    measured_text,
    expected,
    unit,
    reason,
    missing_days,
    as_of,
    evidence_sql,
    source_url
from claims
where $claim = 'all' or claim_id = $claim
order by claim_id, basis
