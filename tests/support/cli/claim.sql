-- A market of one day with one claim, which is judged on two bases.
create schema marts;
create table main.last_build as select 'passed' as outcome, 0 as wrong_nodes;
create table marts.market_days as
select
    date '2026-03-02' as date,
    timestamptz '2026-03-03 08:00:00+00' as as_of,
    'data_api' as origin,
    false as is_missing;
create table marts.claims as
select
    'five-weeks' as claim_id,
    basis,
    'Five [weeks] straight.' as statement,
    'somebody' as said_by,
    date '2026-04-06' as said_on,
    'the platform' as population,
    verdict,
    measured,
    5.0::double as expected,
    'weeks in a row' as unit,
    words as measured_text,
    'Because of ' || basis || '.' as reason,
    days as missing_days,
    timestamptz '2026-06-01 08:00:00+00' as as_of,
    'select count(*) as days from marts.market_days' as evidence_sql,
    null::varchar as source_url
from (values
    ('all', 'depends_on_basis', null::double, 'contradicted and supported', null::varchar[]),
    ('top50', 'contradicted', 3.0, '3 weeks', null),
    ('top9', 'supported', 5.0, '5 weeks', ['2026-03-02..2026-03-08'])
) as rows (basis, verdict, measured, words, days);
