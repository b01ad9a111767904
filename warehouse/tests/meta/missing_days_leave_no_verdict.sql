-- A verdict on days that are not loaded would be a guess.
select
    claim_id,
    basis,
    verdict,
    missing_days
from {{ ref('claims') }}
where
    basis <> 'all'
    and len(missing_days) > 0
    and (
        verdict <> 'unverifiable'
        or measured is not null
    )
