-- One row per claim, basis and span of one verdict: what the generation before knew, and the verdicts of now.
create or replace table next.marts.claim_verdicts as
with now as (
    select *
    from marts.claim_verdicts
    union all by name
    select *
    from saved_verdicts
    where claim_id not in (select claims.claim_id from marts.claim_verdicts as claims)
),

last as (
    select *
    from verdicts_before
    where ended_at is null
)

select *
from verdicts_before
where ended_at is not null
union all by name
select last.* replace (getvariable('published_at')::timestamptz as ended_at)
from last
left join now
    using (claim_id, basis)
where now.verdict is distinct from last.verdict
union all by name
select
    now.* replace (
        case
            when now.verdict = last.verdict then last.previous_verdict
            when last.verdict in ('unverifiable', 'not_judged') then last.previous_verdict
            else last.verdict
        end as previous_verdict,
        case when now.verdict = last.verdict then last.began_at else getvariable('published_at')::timestamptz end as began_at
    )
from now
left join last
    using (claim_id, basis)
order by claim_id, basis, began_at
