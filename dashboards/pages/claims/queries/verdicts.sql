-- One row per claim and basis: the verdict, the measured figure and the claimed one.
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
where
    ($claim = 'all' or claim_id = $claim)
    -- A claim's verdict is the one over all bases; where it has only one basis, that one.
    and (
        $verdict = 'all'
        or claim_id in (
            select claim_id
            from (from claims qualify row_number() over (partition by claim_id order by basis != 'all', basis) = 1)
            where verdict = $verdict
        )
    )
order by claim_id, basis
