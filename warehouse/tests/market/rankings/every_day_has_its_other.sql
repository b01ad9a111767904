-- Without `other` only a lower bound of a day's total is known, and of its shares. This is allowed,
-- and never seen so far.
{{ config(severity='warn') }}
select
    date,
    platform_tokens,
    model_count
from {{ ref('market_days') }}
where is_other_missing
