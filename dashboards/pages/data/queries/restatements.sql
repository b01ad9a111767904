-- One row per change of a named model's tokens of a day: how far the figure moved, and how long
-- after the day.
select
    date,
    model_permaslug,
    as_of,
    previous_total_tokens,
    total_tokens,
    change_ratio,
    is_withdrawn,
    (as_of::date - date) as days_after,
    answer_sha256
from market_tokens_revisions
where revision > 1
order by as_of desc, date desc, abs(change_ratio) desc nulls last
limit 2000
