-- A market in which three authors and two models are not known, and what lists say of them.
create schema if not exists marts;
create table marts.attribution_unknowns as
select *
from (
    values
    ('author', 'new-lab', 'country', 900::bigint, 0.09, 'labs.csv has no row of the author'),
    ('author', 'new-lab', 'lab', 900::bigint, 0.09, 'labs.csv has no row of the author'),
    ('author', 'disputed', 'country', 500::bigint, 0.05, 'the seat of the lab is not established'),
    ('author', 'stealth', 'lab', 100::bigint, 0.01, 'cloaked'),
    ('model', 'new-lab/one-20260601', 'weights', 900::bigint, 0.09, 'no repository'),
    ('model', 'stealth/x', 'weights', 100::bigint, 0.01, 'cloaked')
) as listed (subject_kind, subject, field, tokens, share_of_named, reason);
create table marts.attribution_statements as
select *
from (
    values
    ('atom_regions', 'new-lab', 'country', 'CN', 'namespace new-lab: region china', 'ATOM'),
    ('epoch_models', 'new-lab', 'country', 'CN', 'organisation New, Lab', 'Epoch'),
    ('atom_regions', 'disputed', 'country', 'US', 'region us', 'ATOM'),
    ('epoch_models', 'disputed', 'country', 'FR', 'organisation Disputed', 'Epoch'),
    ('epoch_models', 'new-lab/one-20260601', 'weights', 'open', 'Open weights', 'Epoch')
) as said (source, subject, field, value, evidence, citation);
create table marts.attribution_proposals as
select
    'disagreement' as kind,
    'labs' as seed,
    'known' as subject,
    'country' as field,
    'CA' as current_value,
    'press' as current_evidence,
    'US' as proposed_value,
    'openrouter_providers' as source,
    'headquarters of Known' as evidence,
    'OpenRouter' as citation,
    'not stated' as licence,
    5::bigint as tokens;
create table marts.namespace_regions as
select
    *,
    'licence' as licence,
    'ATOM' as citation
from (
    values
    ('new-account', 'not in ours', null, null, null, 'china', 'a remark', 3, 70::bigint),
    ('a-european', 'not in ours', null, null, null, 'eu', null, 2, 900::bigint),
    ('not-counted', 'not in ours', null, null, null, 'us', null, 0, null),
    ('placed', 'differs', 'IL', 'hub_namespaces', 'seat', 'us', null, 1, 5::bigint),
    ('of-an-author', 'differs', 'IL', 'labs', 'seat', 'us', null, 1, 5::bigint),
    ('same', 'agrees', 'US', 'hub_namespaces', 'seat', 'us', null, 1, 5::bigint)
) as compared (
    namespace, comparison, country, seed, evidence, atom_region, atom_notes, models, downloads_all_time
);
create table marts.models as
select
    'new-lab/one-20260601' as model_permaslug,
    'new-lab/one-20260601' as model_base,
    'new-lab' as author_slug,
    'New Lab: One' as model_name,
    'new-lab/One' as hugging_face_id
union all
select
    'disputed/two',
    'disputed/two',
    'disputed',
    'Disputed: Two',
    null;
create table marts.market_tokens_daily as
select
    '2026-06-01'::date as date,
    'disputed/two' as model_permaslug,
    'Disputed Inc.' as releasing_lab;
create table marts.market_days as
select
    '2026-06-01'::date as date,
    now() as as_of,
    'data_api' as origin,
    false as is_missing,
    1::bigint as platform_tokens;
create table main.last_build as select 'passed' as outcome, 0 as wrong_nodes;
