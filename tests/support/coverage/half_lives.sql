-- Seeded families whose share of the platform rises, stays and fades with a planted half-life, with noise,
-- until it falls below the cutoff of the ranking. Each has weeks enough to be fitted or not, by chance.
create table planted as
select
    number as market,
    'lab-' || number || '/family' as model_family,
    2 * exp(between_ends(number, 'half-life', 0, 2)) as truth,
    20 + floor(between_ends(number, 'launch', 0, 60)) as launch_day,
    between_ends(number, 'plateau', 20, 80) as plateau_days,
    0.02 * exp(between_ends(number, 'peak', 0, 2)) as peak_share,
    between_ends(number, 'size', 0.02, 0.15) as size,
    [0, 0.3, 0.6][1 + number % 3] as alike
from range($markets) as numbers (number);

create table lives as
select
    market,
    model_family,
    date '2025-01-06' + day::integer as date,
    peak_share
    * least(1, (day - launch_day + 1) / 5)
    * pow(0.5, greatest(0, day - launch_day - plateau_days) / 7 / truth)
    * exp(size * noise(market, day, alike)) as share_of_platform
from planted
inner join range(546) as days (day)
    on days.day >= planted.launch_day;

create table marts.market_days as
select
    date '2025-01-06' + day::integer as date,
    1000000000000 as platform_tokens,
    2000000000 as cutoff_tokens,
    false as is_missing,
    false as is_other_missing
from range(546) as days (day);

create table marts.market_tokens_daily as
select
    date,
    model_family,
    false as is_other,
    (share_of_platform * 1e12)::bigint as total_tokens
from lives
where share_of_platform >= 0.002;

create table marts.models as
select
    model_family,
    any_value('lab-' || market) as author_slug,
    model_family as model_base,
    min(tokens.date) as first_ranked_date
from marts.market_tokens_daily as tokens
inner join planted using (model_family)
group by model_family;

create table staging.stg_openrouter__models (canonical_slug varchar, listed_at timestamptz);
