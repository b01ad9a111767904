-- Without `other` a day's total is known from below only, and so are the shares of it. It is allowed, and never seen so far.
{{ config(severity='warn') }}
select
    date,
    platform_tokens,
    model_count
from {{ ref('market_days') }}
where is_other_missing
