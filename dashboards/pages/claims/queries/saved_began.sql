-- One row per claim of the home: its published verdict over all bases, and the UTC day of its first generation.
select
    claim_id,
    verdict,
    began_at::date as began_on
from claim_verdicts
where
    is_saved
    and basis = 'all'
    and ended_at is null
