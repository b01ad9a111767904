-- Six whole weeks of two members in every dimension, on two bases and both attributions.
create table marts.market_share_weekly as
select
    date '2026-06-01' + 7 * week::integer as week_start, basis, attribution, dimension, member,
    tokens::bigint as tokens, tokens / 100 as share, tokens / 100 as share_low,
    tokens / 100 as share_high, 1 as rank, true as is_whole_week
from range(6) as weeks (week),
    (values ('deepseek', 60), ('openai', 40)) as members (member, tokens),
    (values ('platform'), ('top50')) as bases (basis),
    (values ('releasing_lab'), ('base_lab')) as attributions (attribution),
    (values ('author'), ('country'), ('family')) as dimensions (dimension)
