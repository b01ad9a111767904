-- One row per verdict that flipped in the last week: that of a claim and basis, from one judgement to another.
--
-- What could not be judged in between is no flip, and neither is the first verdict.
select
    format('{} {} {}', claim_id, basis, strftime(began_at, '%Y-%m-%dT%H:%M:%SZ')) as subject,
    true as is_firing,
    began_at as since,
    format(
        '{} {} is {} since {}, was {}: "{}"',
        claim_id,
        basis,
        verdict,
        strftime(began_at, '%Y-%m-%d'),
        previous_verdict,
        statement
    ) as text
from claim_verdicts
where
    verdict not in ('unverifiable', 'not_judged')
    and verdict <> previous_verdict
    and began_at > $now - to_days(7)
    and basis = $basis
    and ($claim is null or claim_id = $claim)
order by subject
