-- Three weeks on three bases: CN certainly above US on top9; not certainly in the second week on
-- top50; certainly not in the third on platform.
create schema marts;
create table main.last_build as select 'passed' as outcome, 0 as wrong_nodes;
create table marts.market_days as
select
    date '2026-03-22' as date,
    timestamptz '2026-03-23 08:00:00+00' as as_of,
    'data_api' as origin,
    false as is_missing;
create table marts.market_share_weekly as
select
    week_start::date as week_start,
    basis,
    'releasing_lab' as attribution,
    'country' as dimension,
    sides.member,
    sides.tokens::bigint as tokens,
    sides.tokens / 100 as share,
    case when sides.member = 'unknown' then 0.0 else sides.tokens / 100 end as share_low,
    case when sides.member = 'unknown' then unknown else sides.tokens + unknown end / 100 as share_high,
    7::bigint as days
from (values
    ('2026-03-02', 'top9', 60, 40, 0),
    ('2026-03-09', 'top9', 70, 30, 0),
    ('2026-03-16', 'top9', 60, 30, 10),
    ('2026-03-02', 'top50', 60, 40, 0),
    ('2026-03-09', 'top50', 45, 40, 15),
    ('2026-03-16', 'top50', 60, 30, 10),
    ('2026-03-02', 'platform', 60, 30, 10),
    ('2026-03-09', 'platform', 40, 40, 20),
    ('2026-03-16', 'platform', 20, 60, 20)
) as weeks (week_start, basis, chinese, american, unknown),
    lateral (values ('CN', chinese), ('US', american), ('unknown', unknown)) as sides (member, tokens);
create table marts.claims as
select
    'five-weeks' as claim_id,
    basis,
    'Five weeks straight.' as statement,
    'somebody' as said_by,
    date '2026-04-06' as said_on,
    'the platform' as population,
    verdict,
    measured,
    5.0::double as expected,
    'weeks in a row' as unit,
    null::varchar as measured_text,
    'Because of ' || basis || '.' as reason,
    null::varchar[] as missing_days,
    timestamptz '2026-06-01 08:00:00+00' as as_of,
    'select count(*) as weeks from marts.market_share_weekly' as evidence_sql,
    null::varchar as source_url,
    'tokens' as article,
    'measured' as layer,
    ['2026-03-02..2026-03-15'] as true_dates,
    null::varchar as true_dates_reason,
    'Five weeks in a row.' as holds_if
from (values
    ('all', 'depends_on_basis', null::double), ('top50', 'contradicted', 3.0), ('top9', 'supported', 5.0)
) as rows (basis, verdict, measured);
create table marts.claim_verdicts as
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
from marts.claims;
create table marts.claim_articles as
select
    'tokens' as article,
    1 as position,
    'Who serves more tokens' as title,
    'Weekly counts.' as about;
create table marts.ingest_log as
select
    'one' as answer_id,
    'rankings_daily' as source,
    'https://openrouter.ai/api/v1/rankings' as url,
    timestamptz '2026-03-23 08:00:00+00' as fetched_at,
    'loaded' as outcome,
    'aa' as sha256;
