-- One row per claim and basis: a public statement, what we measured, and the verdict.
--
-- Every file of warehouse/claims/ is one statement. The basis `all` sums up the others: its verdict
-- is theirs if all that can be judged agree, depends_on_basis if some hold and some do not,
-- contradicted if none holds, each in its own way, unverifiable or not_judged if none can be judged.
--
-- A statement is about the real market. Figures of a simulated one neither support nor contradict
-- it, so bases that rest on them are not judged and show none of them.
with market as (
    select coalesce(bool_or(origin = 'simulated'), false) as is_simulated
    from {{ ref('ingest_log') }}
),

judged as (
    select
        stated.*,
        not market.is_simulated
        or not coalesce(stated.rests_on_market, stated.reads_market) as is_judged
    from {{ ref('stated_claims') }} as stated
    cross join market
),

bases as (
    select
        claim_id,
        basis,
        statement,
        said_by,
        said_on,
        population,
        unit,
        source_url,
        article,
        holds_if,
        expected,
        evidence_sql,
        coalesce(layer, case when not rests_on_market then 'document' end, claim_layer) as layer,
        case when is_judged then true_dates end as true_dates,
        case
            when is_judged and true_dates is not null then null
            when not is_judged then 'the market is a simulated one'
            when coalesce(layer, case when not rests_on_market then 'document' end, claim_layer) = 'document'
                then 'a document has one day, that on which it was written'
            when verdict = 'unverifiable' then 'what the statement needs is not loaded'
            else 'the statement is about one figure, not about days'
        end as true_dates_reason,
        case when is_judged then verdict else 'not_judged' end as verdict,
        case when is_judged then measured end as measured,
        case when is_judged then measured_text end as measured_text,
        case
            when is_judged then reason
            else
                'Not judged: simulated market. The statement is about the real one, and the '
                || 'figures here were made up by Tokentide''s simulator.'
        end as reason,
        case when is_judged then missing_days end as missing_days,
        case when is_judged then as_of end as as_of
    from judged
),

summed as (
    select
        claim_id,
        'all' as basis,
        statement,
        said_by,
        said_on,
        population,
        unit,
        source_url,
        article,
        holds_if,
        case when count(distinct layer) = 1 then any_value(layer) else 'both' end as layer,
        coalesce(
            list(distinct verdict) filter (where verdict not in ('unverifiable', 'not_judged')), []
        ) as verdicts,
        bool_or(verdict = 'not_judged') as has_unjudged,
        -- Bases may expect different figures, then no one of them speaks for all.
        case when count(distinct expected) = 1 then any_value(expected) end as expected,
        string_agg(distinct reason, ' ' order by reason) as reasons,
        count(distinct reason) as different_reasons,
        count(*) as bases,
        string_agg(basis || ' ' || verdict, ', ' order by basis) as by_basis,
        list_sort(
            list_distinct(flatten(list(missing_days) filter (where missing_days is not null)))
        ) as missing_days,
        max(as_of) as as_of
    from bases
    group by all
),

overall as (
    select
        claim_id,
        basis,
        case
            when len(verdicts) = 0 and has_unjudged then 'not_judged'
            when len(verdicts) = 0 then 'unverifiable'
            when len(verdicts) = 1 then verdicts[1]
            when list_contains(verdicts, 'supported') then 'depends_on_basis'
            else 'contradicted'
        end as verdict,
        by_basis as measured_text,
        expected,
        case
            when bases = 1 or (has_unjudged and different_reasons = 1) then reasons
            when len(verdicts) = 0
                then 'No basis can be judged: ' || by_basis || '. ' || reasons
            when len(verdicts) > 1 and not list_contains(verdicts, 'supported')
                then 'True on no basis, in different ways: ' || by_basis || '. ' || reasons
            else 'By basis: ' || by_basis || '.'
        end as reason,
        nullif(missing_days, []) as missing_days,
        as_of,
        'select basis, verdict, measured, expected, reason from marts.claims where claim_id = '''
        || claim_id
        || ''' order by basis' as evidence_sql,
        statement,
        said_by,
        said_on,
        population,
        unit,
        source_url,
        article,
        holds_if,
        layer,
        null::varchar[] as true_dates,
        'each basis has its own' as true_dates_reason
    from summed
)

select
    claim_id,
    basis,
    statement,
    said_by,
    said_on,
    population,
    verdict,
    measured,
    expected,
    unit,
    measured_text,
    reason,
    missing_days,
    as_of,
    evidence_sql,
    source_url,
    article,
    layer,
    true_dates,
    true_dates_reason,
    holds_if
from (
    select *
    from bases
    union all by name
    select *
    from overall
) as rows
order by claim_id, basis
