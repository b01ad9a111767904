-- One row per claim, basis and span of time for which its published verdict was the same.
--
-- A build knows only the verdicts of now. Publishing adds the claims of the home, and takes from the
-- generation before when each verdict began and those that have ended.
select
    claim_id,
    basis,
    statement,
    said_by,
    false as is_saved,
    verdict,
    null::varchar as previous_verdict,
    measured,
    measured_text,
    reason,
    null::timestamptz as began_at,
    null::timestamptz as ended_at
from {{ ref('claims') }}
order by claim_id, basis
