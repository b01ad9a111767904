-- Three days of a market, a table of models, and a table that must not be published.
create schema marts;
create table main.last_build as select 'passed' as outcome, 0 as wrong_nodes;
create table marts.market_days (
    date date, as_of timestamptz, origin varchar, is_missing boolean, platform_tokens bigint
);
insert into marts.market_days values
    ('2026-06-18', '2026-06-19 08:00:00.25+00', 'data_api', false, 9000000000000000000),
    ('2026-06-19', '2026-06-20 08:20:44.552+00', 'data_api', false, 9000000000000000001),
    ('2026-06-20', null, null, true, null);
comment on table marts.market_days is 'One row a day; it''s UTC {always}.';
comment on column marts.market_days.platform_tokens is 'All tokens; "other" included.';
create table marts.models (
    model varchar, price_usd decimal(12, 4), tags varchar[], first_seen date
);
insert into marts.models values
    ('lab/größer', 1.5, ['a', 'b'], '2026-06-18'),
    ('lab/none', null, null, null);
create schema staging;
create table staging.hidden as select 42 as secret;
