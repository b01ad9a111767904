-- A share is of all tokens of its day, or of those of the named models; if the shares do not sum to
-- 1, the denominator was another one.
select
    date,
    sum(share_of_platform) as share_of_platform,
    sum(share_of_top50) as share_of_top50
from {{ ref('market_tokens_daily') }}
group by date
having
    abs(sum(share_of_platform) - 1) > 1e-9
    or abs(sum(share_of_top50) - 1) > 1e-9
    -- Without `other` no row has a share of the platform; with it all rows have one.
    or count(share_of_platform) <> if(bool_or(is_other), count(*), 0)
    or count(share_of_top50) <> count(*) filter (where not is_other)
