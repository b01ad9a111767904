-- The source always names 50 models and sums up the rest, so a ranking with fewer or more was cut
-- off or padded. Loading quarantines such a day.
select
    date,
    model_count,
    as_of
from {{ ref('market_days') }}
where
    not is_missing
    and model_count is distinct from 50
