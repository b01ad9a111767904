-- Two minutes of one target, to be added to a market.
create table marts.served_tokens_minutely as
select 'ours' as target, minute_at, 600 as prompt_tokens, 200 as generation_tokens, is_gap
from (values
    (timestamptz '2026-06-19 10:00:00+00', false), ('2026-06-19 10:01:00+00', true)
) as minutes (minute_at, is_gap);
