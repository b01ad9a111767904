-- One row per claim and basis: the verdict and since when, the measured figure and the claimed one.
with verdicts as (
    select
        claims.*,
        spans.began_at,
        spans.previous_verdict,
        coalesce(articles.position, 99) as article_position,
        first_value(claims.verdict) over (
            partition by claims.claim_id
            order by claims.basis <> 'all', claims.basis
        ) as claim_verdict
    from claims
    left join claim_articles as articles
        on claims.article = articles.article
    left join claim_verdicts as spans
        on
            claims.claim_id = spans.claim_id
            and claims.basis = spans.basis
            and spans.ended_at is null
)

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
    source_url,
    began_at,
    previous_verdict,
    article,
    layer,
    true_dates,
    holds_if
from verdicts
where
    ($claim = 'all' or claim_id = $claim)
    -- A claim's verdict is the one over all bases; where it has only one basis, that one.
    and ($article = 'all' or article = $article)
    and ($verdict = 'all' or claim_verdict = $verdict)
order by article_position, claim_id, basis
