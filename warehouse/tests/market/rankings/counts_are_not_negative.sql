-- Nobody serves less than nothing. Loading quarantines such a count.
select
    'stg_openrouter__ranking_rows' as relation,
    model_permaslug as what,
    total_tokens as tokens
from {{ ref('stg_openrouter__ranking_rows') }}
where not coalesce(total_tokens >= 0, false)

union all

select
    'market_apps_daily' as relation,
    concat_ws(' ', date, app_id) as what,
    total_tokens as tokens
from {{ ref('market_apps_daily') }}
where not coalesce(total_tokens >= 0 and total_requests >= 0 and rank >= 1, false)
