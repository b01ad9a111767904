-- The source restates its newest days by up to 0.04 percent. More than 0.1 percent is allowed and
-- never seen, so a person should look. Only changes of the newest week of answers are reported,
-- since a restatement stays in the table for good.
{{ config(severity='warn') }}
select
    date,
    model_permaslug,
    as_of,
    previous_total_tokens,
    total_tokens,
    change_ratio
from {{ ref('market_tokens_revisions') }}
where
    abs(change_ratio) > 0.001
    and as_of
    > (select max(latest.as_of) from {{ ref('market_tokens_revisions') }} as latest)
    - interval 7 day
