-- One row per claim and verdict over all bases: those of now first, then the newest that have ended.
--
-- The news of a verdict is the last change on any basis while it lasted, since its words name them.
select
    verdicts.claim_id,
    verdicts.statement,
    verdicts.said_by,
    verdicts.verdict,
    verdicts.previous_verdict,
    verdicts.measured_text,
    verdicts.reason,
    verdicts.began_at,
    verdicts.ended_at,
    max(bases.began_at) as changed_at
from claim_verdicts as verdicts
inner join claim_verdicts as bases
    on
        verdicts.claim_id = bases.claim_id
        and (verdicts.ended_at is null or verdicts.ended_at > bases.began_at)
where verdicts.basis = 'all'
group by all
order by min(verdicts.ended_at) is not null, min(verdicts.ended_at) desc, verdicts.claim_id
limit $entries
