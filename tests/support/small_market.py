"""SQL of small markets, for tests of what reads a published generation."""

# Ten days, one of them missing, four authors, and the log of requests.
MARKET = """
    create schema marts;
    create table main.last_build as select 'passed' as outcome, 0 as wrong_nodes;
    create table marts.market_days as
    select
        day as date,
        timezone('UTC', day + interval 32 hour) as as_of,
        'data_api' as origin,
        day = '2026-06-12' as is_missing,
        if(day = '2026-06-12', null, 1_000_000_000_000) as platform_tokens
    from (
        select unnest(generate_series(date '2026-06-10', '2026-06-19', interval 1 day))::date as day
    );
    create table marts.models as select unnest(['lab/one', 'lab/two', 'other/one']) as model_id;
    create table marts.market_tokens_daily as
    select
        date,
        author_slug,
        if(is_other, 'unknown', author_slug) as releasing_lab,
        is_other,
        tokens * 1_000_000::bigint as total_tokens
    from marts.market_days, (values
        ('lab', false, 600_000), ('small', false, 100_000), ('unknown', false, 100_000),
        ('other', true, 200_000)
    ) as authors (author_slug, is_other, tokens)
    where not is_missing;
    create table marts.ingest_log as
    select source, fetched_at::timestamptz as fetched_at, outcome, rows::bigint as rows
    from (values
        ('rankings_daily', '2026-06-19 08:00:00+00', 'loaded', 400),
        ('rankings_daily', '2026-06-20 08:00:00+00', 'quarantined', null),
        ('models', '2026-06-20 08:17:00.5+00', 'loaded', 3)
    ) as answers (source, fetched_at, outcome, rows);
"""
# Two minutes of one target, to be added to a market.
TELEMETRY = """
    create table marts.served_tokens_minutely as
    select 'ours' as target, minute_at, 600 as prompt_tokens, 200 as generation_tokens, is_gap
    from (values
        (timestamptz '2026-06-19 10:00:00+00', false), ('2026-06-19 10:01:00+00', true)
    ) as minutes (minute_at, is_gap);
"""
# A market of one day with one claim, which is judged on two bases.
CLAIM = """
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
"""
